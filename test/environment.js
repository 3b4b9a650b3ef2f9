const { AsyncLocalStorage } = require('node:async_hooks');
const { TestEnvironment } = require('jest-environment-node');

const { run } = AsyncLocalStorage.prototype;
const used = new Set();

AsyncLocalStorage.prototype.run = function (...args) {
	used.add(this);
	return run.apply(this, args);
};

/**
 * Ends the storages that a file's tests used. Jest creates one for each file, and n8n-core some more, and
 * Node 20 updates all there are with every promise: the last of 200 files would be ten times slower.
 */
module.exports = class extends TestEnvironment {
	async teardown() {
		for (const storage of used) storage.disable();
		used.clear();
		await super.teardown();
	}
};
