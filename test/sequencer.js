const Sequencer = require('@jest/test-sequencer').default;

/**
 * Runs the tests with n8n-core last. It tracks asynchronous calls, and from then on, everything in that
 * process that awaits a lot takes up to ten times longer.
 */
module.exports = class extends Sequencer {
	sort(tests) {
		const hasN8nCore = ({ context }) => context.config.displayName?.name === 'n8n';
		const sorted = super.sort(tests);
		return [...sorted.filter((test) => !hasN8nCore(test)), ...sorted.filter(hasN8nCore)];
	}
};
