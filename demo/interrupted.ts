/** The exit code of a program stopped with Ctrl-C, by shell convention. */
export const INTERRUPTED = 130;
