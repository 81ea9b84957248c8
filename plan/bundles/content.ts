import type {
  BundleBinary,
  BundleDirectory,
  BundleDownload,
  BundleFile,
  BundleLink,
  BundlePackage,
  BundleSecret,
} from "../bundle.ts";
import type { Check, Judge, Prepare, Require } from "../conditions.ts";
import type { Resource } from "../resources.ts";

/** What a part puts on one host; lists that are left out are empty. */
export interface PartContent {
  /** Besides those of the part. */
  directories?: readonly BundleDirectory[];
  resources?: readonly Resource[];
  packages?: readonly BundlePackage[];
  binaries?: readonly BundleBinary[];
  downloads?: readonly BundleDownload[];
  files?: readonly BundleFile[];
  /** A `leaf` among their sources is made for the host because it stands here. */
  secrets?: readonly BundleSecret[];
  links?: readonly BundleLink[];
  /** In the order in which they are restarted. */
  units?: readonly string[];
  judges?: readonly Judge[];
  requires?: readonly Require[];
  prepares?: readonly Prepare[];
  checks?: readonly Check[];
}
