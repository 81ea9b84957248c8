/** How a run ended, as its events, notices and the history of its stack have it: local/history.ts says what each means. */
export const results = ["done", "changes", "drift", "refused", "invalid", "failed", "interrupted", "declined"] as const;
export type Result = (typeof results)[number];
