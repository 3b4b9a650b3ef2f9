interface ManualTimer {
	ms: number;
	end: () => void;
}

/** Replaces `AbortSignal.timeout`: a timer ends when the test ends it. */
export function mockTimers(): ManualTimer[] {
	const timers: ManualTimer[] = [];
	jest.spyOn(AbortSignal, 'timeout').mockImplementation((ms) => {
		const controller = new AbortController();
		timers.push({ ms, end: () => controller.abort(new Error('timed out')) });
		return controller.signal;
	});
	return timers;
}
