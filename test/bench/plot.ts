import { LineChart, type LineSeriesOption } from 'echarts/charts';
import {
	GridComponent,
	LegendComponent,
	TitleComponent,
	type GridComponentOption,
	type LegendComponentOption,
	type TitleComponentOption,
} from 'echarts/components';
import { init, use, type ComposeOption } from 'echarts/core';
import { SVGRenderer } from 'echarts/renderers';

import { APPROACH_LABELS } from './format';
import { groupsOf, mean } from './groups';
import type { Measurement } from './results';
import { APPROACHES, type Approach } from './scenario';

type Option = ComposeOption<
	LineSeriesOption | GridComponentOption | LegendComponentOption | TitleComponentOption
>;

const SIZE = { width: 860, height: 600 };

/** Okabe and Ito's colour-blind safe palette, with shapes for black and white. */
const STYLES: Record<Approach | 'bound', Style> = {
	seedream: { color: '#0072b2', symbol: 'circle', labels: 'bottom' },
	automatic: { color: '#56b4e9', symbol: 'triangle', labels: 'right' },
	before: { color: '#009e73', symbol: 'pin', labels: 'left' },
	allAtOnce: { color: '#d55e00', symbol: 'rect', labels: 'top' },
	retried: { color: '#f0e442', symbol: 'arrow', labels: 'top' },
	rowByRow: { color: '#cc79a7', symbol: 'diamond', labels: 'top' },
	bound: { color: '#777777', symbol: 'none' },
};

interface Style {
	color: string;
	symbol: string;
	/** Label positions, so that labels of close lines don't overlap. */
	labels?: 'top' | 'bottom' | 'left' | 'right';
}

const BOUND = 'Bound (computed)';

/** Time by rows, both on logarithmic scales. */
export function plotOf(measurements: readonly Measurement[]): string {
	use([LineChart, GridComponent, LegendComponent, TitleComponent, SVGRenderer]);
	const chart = init(null, null, { renderer: 'svg', ssr: true, ...SIZE });
	chart.setOption(optionOf(measurements));
	const svg = chart.renderToSVGString();
	chart.dispose();
	return `${svg.trim()}\n`;
}

function optionOf(measurements: readonly Measurement[]): Option {
	const groups = groupsOf(measurements).filter(
		({ name, scenario }) => name === 'speed' && scenario.downloads,
	);
	const bound = groups.map(({ scenario, runs }): [number, number] => [
		scenario.rows,
		runs[0]?.boundSeconds ?? 0,
	]);
	const series = APPROACHES.flatMap((way) => {
		const points = groups
			.filter((group) => group.way === way)
			.map(({ scenario, runs }): [number, number] => [
				scenario.rows,
				mean(runs.map(({ seconds }) => seconds)),
			]);
		return points.length === 0 ? [] : [line(APPROACH_LABELS[way], STYLES[way], points)];
	});
	return {
		animation: false,
		backgroundColor: '#ffffff',
		textStyle: { fontFamily: 'sans-serif', fontSize: 13 },
		title: {
			text: 'From rows to images in n8n',
			subtext: '2 s per task, 1 MB per image, no rate limit; mean of the repeats',
			left: 'center',
			top: 8,
		},
		// Vertical, as text widths are only estimated without a browser.
		legend: {
			orient: 'vertical',
			left: 70,
			bottom: 8,
			itemGap: 6,
			data: [
				...series.map(({ name }) => ({ name: String(name) })),
				{ name: BOUND, itemStyle: { opacity: 0 } },
			],
		},
		grid: { left: 70, right: 40, top: 80, bottom: 190 },
		xAxis: axis('Rows'),
		yAxis: axis('Seconds'),
		series: [...series, line(BOUND, STYLES.bound, bound, { type: 'dashed', width: 1.5 })],
	};
}

function axis(name: string) {
	return {
		type: 'log' as const,
		name,
		nameLocation: 'middle' as const,
		nameGap: 38,
		axisLabel: { formatter: (value: number) => value.toLocaleString('en-US') },
		splitLine: { show: true, lineStyle: { color: '#d0d0d0' } },
		minorTick: { show: true, splitNumber: 9 },
		minorSplitLine: { show: true, lineStyle: { color: '#f0f0f0' } },
	};
}

function line(
	name: string,
	{ color, symbol, labels }: Style,
	data: Array<[number, number]>,
	style: { type?: 'dashed'; width?: number } = {},
): LineSeriesOption {
	return {
		name,
		type: 'line',
		data,
		symbol,
		symbolSize: 9,
		itemStyle: { color },
		lineStyle: { color, width: 2.5, ...style },
		labelLayout: { hideOverlap: true },
		label: {
			show: labels !== undefined,
			position: labels,
			color,
			formatter: ({ value }) => (Array.isArray(value) ? shortSeconds(Number(value[1])) : ''),
		},
	};
}

function shortSeconds(value: number): string {
	return value < 10 ? value.toFixed(1) : value.toFixed(0);
}
