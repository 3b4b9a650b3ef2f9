/** Below those that systems give out to anyone, as many for each process of Jest. */
const FIRST_PORT = 10_000;
const PORTS = 5_000;
const PROCESSES = 4;

const ownRange = FIRST_PORT + (Number(process.env.JEST_WORKER_ID ?? 0) % PROCESSES) * PORTS;
let last = Math.floor(PORTS * Math.random());

/** A port that nobody else gets while a sandbox refuses connections and doesn't listen on it. */
export function reservedPort(): number {
	last = (last + 1) % PORTS;
	return ownRange + last;
}
