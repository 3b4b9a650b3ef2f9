// n8n loads the nodes and credentials named in the "n8n" section of package.json, never this file.
// It stands here so that `require('n8n-nodes-seedream')` finds a module.
module.exports = {};
