/** MTU of Ethernet, bytes. */
export const defaultMtu = 1500;
/** The largest packet that every IPv4 host takes (RFC 791). */
export const smallestMtu = 576;
/** The largest packet of IPv4. The loopback interface has more, which says nothing about links. */
export const largestMtu = 65535;
/** Outer IPv4 (20), UDP (8), VXLAN (8) and inner Ethernet (14) headers, bytes. */
export const vxlanOverhead = 50;
