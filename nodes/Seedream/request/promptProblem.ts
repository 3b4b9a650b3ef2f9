import { cellText, normalizeCell } from './cells';

/** Error values of Excel, Google Sheets, LibreOffice and Numbers, in the languages of their UI. */
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

const ERROR_VALUE = /^#[¡¿]?(.+?)[!?]*$/u;
const LIBRE_OFFICE_ERROR = /^err:\d{3}$/;

/** What a sheet shows while it's calculating. */
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

/** What programs write for a missing value, or for several of them joined together. */
const NO_VALUE =
	/^(?:undefined|\(?null\)?|<null>|\\n|nil|nan|none|n\/a)(?:[,;|+-]*(?:undefined|null|nil|nan|none|n\/a))*$/;

const WRAPPED_IN_QUOTES = /^["'`“”‘’](.*)["'`“”‘’]$/su;
const OBJECT = /\[object \w+\]/;
const TEMPLATE = /\{\{[^{}]*\}\}/u;

/** Why a text isn't meant literally: it contains an unresolved template or "[object Object]". */
export function unfilledProblem(text: string): string | undefined {
	const object = OBJECT.exec(text)?.[0];
	if (object !== undefined) {
		return `contains "${object}" because an expression returns a whole object. Select one of its fields, e.g. {{ $json.title.text }}`;
	}
	const template = TEMPLATE.exec(text)?.[0];
	if (template === undefined) return undefined;
	return `contains the unresolved template ${template}. Switch the field to Expression, or fill in the template before this node`;
}

/** Why a prompt can't be intended although it contains text: the image would be charged but useless. */
export function promptProblem(prompt: string): string | undefined {
	const text = cellText(prompt);
	if (text === '') {
		return prompt.trim() === '' ? 'is empty' : 'contains only invisible characters';
	}
	const normalized = normalizeCell(text.replace(WRAPPED_IN_QUOTES, '$1'));
	if (isSpreadsheetError(normalized)) {
		return `is the spreadsheet message ${text}. Fix the cell it comes from`;
	}
	if (LOADING.has(normalized.replace(/\.+$/, ''))) {
		return `is "${text}" because the spreadsheet was still calculating. Run the row again when it shows the text`;
	}
	if (NO_VALUE.test(normalized)) {
		return `is "${text}", so a value is missing. Check where it comes from`;
	}
	return unfilledProblem(text);
}

/** `text` must come from `normalizeCell`. */
function isSpreadsheetError(text: string): boolean {
	const name = ERROR_VALUE.exec(text)?.[1];
	return LIBRE_OFFICE_ERROR.test(text) || (name !== undefined && SPREADSHEET_ERRORS.has(name));
}
