import { motd } from "./motd.ts";

/** The roles of this project, in the order in which a host gets them. See docs/roles.md. */
export const roles = [motd];
