export { ArtifactError } from "./errors.ts";
export {
  ensureArtifacts,
  type ArtifactPaths,
  type ArtifactRef,
  type EnsureArtifacts,
  type EnsureOptions,
} from "./ensure.ts";
export { ensureImages, type EnsureImages, type EnsureImagesOptions, type ImagePaths } from "./images/ensure.ts";
export { defaultCacheDir, relativePath } from "./cache.ts";
export { imageArtifacts } from "./images/definitions.ts";
export { lockChanges, updatedLock, type LockUpdate } from "./lockupdate.ts";
export { ownPlatform, type Platform } from "./platform.ts";
export { defaultVersions } from "./table.ts";
export { readScript, scriptPath, storeScripts, type ScriptFile } from "./scripts.ts";
export { serveArtifacts, type ArtifactServer, type ServeOptions } from "./serve.ts";
