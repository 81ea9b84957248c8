/**
 * What roles of a project are made of: `import { defineRole, file } from "plinth/roles"`. See docs/roles.md.
 */

/** The library by which parameters are described; its own copy, because schemas of two copies do not go together. */
export { z } from "zod";
export {
  defineRole,
  type ProjectRole,
  type RoleContext,
  type RoleDefinition,
  type RoleFacts,
} from "./plan/roles/define.ts";
export type { Block } from "./plan/roles/block.ts";
export type { HostWith } from "./plan/roles/inventory.ts";
export type { RoleConfig } from "./plan/roles/config.ts";
export type { RoleShape, RoleStage } from "./plan/roles/shape.ts";
export type { Content, Secret, SecretText } from "./plan/roles/secrets.ts";
export { archive, download, type ArchiveOptions, type DownloadOptions } from "./plan/roles/blocks/downloads.ts";
export { directory, file, symlink, type FileOptions } from "./plan/roles/blocks/files.ts";
export { dropIn, service, socket, timer, unit, type TimerOptions } from "./plan/roles/blocks/units.ts";
export { authorizedKeys, group, sudoRule, user, type UserOptions } from "./plan/roles/blocks/accounts.ts";
export { kernelModule, sysctl } from "./plan/roles/blocks/kernel.ts";
export { blockInFile, hostsEntry, type LinesOptions } from "./plan/roles/blocks/lines.ts";
export { certificateAuthority } from "./plan/roles/blocks/trust.ts";
export { command, type CommandOptions } from "./plan/roles/blocks/commands.ts";
export { firewall, type FirewallOptions, type FirewallRule } from "./plan/roles/blocks/firewall.ts";
export { network, type NetworkRoute, type NetworkSettings } from "./plan/roles/blocks/network/index.ts";
export { filesystem, logicalVolume, mount, swap, volumeGroup, type MountOptions } from "./plan/roles/blocks/disks.ts";
export {
  aptRepository,
  packageHeld,
  packageInstalled,
  rpmRepository,
  type AptRepository,
  type RpmRepository,
} from "./plan/roles/blocks/packages.ts";
export { secret, secretText } from "./plan/roles/blocks/secrets.ts";
export { shipped } from "./plan/roles/shipped/index.ts";
export { renderRole, type RenderedFile, type RenderedRole, type RenderOptions } from "./plan/roles/render.ts";
