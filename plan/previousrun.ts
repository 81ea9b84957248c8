import type { PreviousSettings } from "./guards/settingschange.ts";
import type { TenantNamespaces } from "./tenants.ts";
import type { PreviousHost, Tombstone } from "./membership.ts";

/** What a run finds in the outputs of the one before. Outputs are written early: that run need not have been completed. */
export interface PreviousRun extends PreviousSettings {
  hosts: Readonly<Record<string, PreviousHost>>;
  /** Hosts that were declared lost. */
  lost?: Readonly<Record<string, Tombstone>>;
  /** Subject of the roster → control-plane host on which its steps run. */
  survivors?: Readonly<Record<string, string>>;
  rosterGeneration?: number;
  tenants?: TenantNamespaces;
}
