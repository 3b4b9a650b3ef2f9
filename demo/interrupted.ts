/** What a shell says of a program that Ctrl-C has ended. */
export const INTERRUPTED = 130;
