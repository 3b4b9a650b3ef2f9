import { cellText, normalizeCell } from './cells';

/** The errors of Excel, Google Sheets, LibreOffice and Numbers, in the languages they show them in. */
const SPREADSHEET_ERRORS = new Set(
	[
		'n/a ref value div/0 name num null error spill calc field blocked connect busy unknown',
		'getting_data external python timeout circular macro',
		// German
		'nv bezug wert zahl überlauf feld blockiert verbinden unbekannt kalk daten_abrufen',
		// French
		'valeur nom nombre nul propagation calcul champ bloque connexion inconnu',
		// Spanish
		'n/d valor nombre nulo desbordamiento campo',
		// Italian and Portuguese
		'rif valore nome nullo espansione núm despejar despejo',
		// Dutch
		'n/b verw waarde naam getal leeg deel/0 overloop',
		// Polish
		'n/d adr arg liczba nazwa dziel/0 zero',
		// Swedish, Danish, Norwegian
		'saknas referens värdefel namn ogiltigt division/0 skärning i/t verdi værdi navn reference',
		// Finnish
		'puuttuu viittaus arvo nimi luku jako/0 tyhjä',
		// Russian and Ukrainian
		'н/д ссылка знач имя число пусто дел/0 перенос посилання значення назва',
		// Turkish, Czech, Hungarian
		'yok başv değer ad sayi sayı boş sayı/0 není_k_dispozici odkaz hodnota název číslo dělení_nulou',
		'hiányzik hiv érték név szám zéróosztó',
	].flatMap((names) => names.split(' ')),
);

const ERROR_SIGN = /^#[¡¿]?(.+?)[!?]*$/u;
const LIBRE_OFFICE_ERROR = /^err:\d{3}$/;

/** What a sheet shows while it still works. */
const LOADING = new Set(
	[
		'loading',
		'wird geladen',
		'chargement',
		'chargement en cours',
		'cargando',
		'caricamento',
		'caricamento in corso',
		'carregando',
		'laden',
		'ładowanie',
		'загрузка',
		'yükleniyor',
		'正在加载',
		'加载中',
		'載入中',
		'読み込んでいます',
		'読み込み中',
		'로드 중',
	].map(normalizeCell),
);

/** What programs write for a value that they do not have; also several of them, joined. */
const NO_VALUE =
	/^(?:undefined|\(?null\)?|<null>|\\n|nil|nan|none|n\/a)(?:[,;|+-]*(?:undefined|null|nil|nan|none|n\/a))*$/;

const WRAPPED_IN_QUOTES = /^["'`“”‘’](.*)["'`“”‘’]$/su;
const OBJECT = /\[object \w+\]/;
const TEMPLATE = /\{\{[^{}]*\}\}/u;

/** A template that somebody meant to be filled in, or the text that JavaScript has for an object. */
export function unfilledProblem(text: string): string | undefined {
	const object = OBJECT.exec(text)?.[0];
	if (object !== undefined) {
		return `holds "${object}": an expression gives a whole object here. Pick the field of it that you mean, e.g. {{ $json.title.text }}`;
	}
	const template = TEMPLATE.exec(text)?.[0];
	if (template === undefined) return undefined;
	return `holds ${template}, which was not filled in: switch the field to Expression, or fill in the template before this node`;
}

/** Why nobody can mean this prompt, although it holds text: its image would be paid and show nothing. */
export function promptProblem(prompt: string): string | undefined {
	const text = cellText(prompt);
	if (text === '') {
		return prompt.trim() === '' ? 'is empty' : 'holds nothing but characters that cannot be seen';
	}
	const bare = normalizeCell(text.replace(WRAPPED_IN_QUOTES, '$1'));
	if (isSpreadsheetError(bare)) {
		return `is the spreadsheet's error ${text}: correct the cell that it comes from`;
	}
	if (LOADING.has(bare.replace(/\.+$/, ''))) {
		return `is "${text}": the spreadsheet was still at work. Run again when it shows the text`;
	}
	if (NO_VALUE.test(bare)) {
		return `is "${text}": there was no value where the prompt should be. Check where it comes from`;
	}
	return unfilledProblem(text);
}

/** `text` as `normalizeCell` leaves it. */
function isSpreadsheetError(text: string): boolean {
	const name = ERROR_SIGN.exec(text)?.[1];
	return LIBRE_OFFICE_ERROR.test(text) || (name !== undefined && SPREADSHEET_ERRORS.has(name));
}
