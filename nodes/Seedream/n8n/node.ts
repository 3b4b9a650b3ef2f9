import { memoize } from 'lodash';
import type { IExecuteFunctions, INode } from 'n8n-workflow';

/** The node as it was saved. It's read once, because n8n copies all of it each time. */
export const nodeOf = memoize((context: IExecuteFunctions): Readonly<INode> => context.getNode());
nodeOf.cache = new WeakMap();
