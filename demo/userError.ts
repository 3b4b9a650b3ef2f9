/** Something the user can put right: shown as this one sentence, without a stack. */
export class UserError extends Error {}
