import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';

/** What a process has used since `reset`; null except on Linux. */
export interface Usage {
	cpuSeconds: number | null;
	/** Peak resident memory. */
	peakMegabytes: number | null;
}

/** Measures another process from outside, at no cost to it. */
export class UsageMeter {
	private cpuBefore: number | null = null;

	constructor(private readonly pid: number) {}

	reset(): void {
		this.cpuBefore = cpuSeconds(this.pid);
		resetPeak(this.pid);
	}

	read(): Usage {
		const cpu = cpuSeconds(this.pid);
		return {
			cpuSeconds: cpu === null || this.cpuBefore === null ? null : cpu - this.cpuBefore,
			peakMegabytes: megabytes(this.pid, 'VmHWM'),
		};
	}
}

/** The fields of /proc/<pid>/stat after the name, which may contain spaces and brackets. */
const USER_TICKS = 11;
const SYSTEM_TICKS = 12;

function cpuSeconds(pid: number): number | null {
	const stat = readProc(pid, 'stat');
	if (stat === null) return null;
	const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
	return (Number(fields[USER_TICKS]) + Number(fields[SYSTEM_TICKS])) / ticksPerSecond();
}

let ticks: number | undefined;

function ticksPerSecond(): number {
	ticks ??= Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));
	return ticks;
}

/** Writing 5 resets the peak. */
function resetPeak(pid: number): void {
	try {
		writeFileSync(`/proc/${pid}/clear_refs`, '5');
	} catch {
		// Not on Linux or not allowed: the peak covers the whole life of the process or is missing.
	}
}

function megabytes(pid: number, field: string): number | null {
	const status = readProc(pid, 'status');
	const kilobytes = new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(status ?? '')?.[1];
	return kilobytes === undefined ? null : Number(kilobytes) / 1024;
}

function readProc(pid: number, file: string): string | null {
	try {
		return readFileSync(`/proc/${pid}/${file}`, 'utf8');
	} catch {
		return null;
	}
}
