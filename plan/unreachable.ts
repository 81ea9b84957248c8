/** How the warning about a host begins that cannot be reached, so that the command line can tell it from others. */
export const unreachablePrefix = "left as it is: ";
