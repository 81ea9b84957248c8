/** Operating system and architecture in Go's words, as the cache and the artifact server spell them: `linux-amd64`. */
export type Platform = `${"linux" | "darwin"}-${"amd64" | "arm64"}`;

/** The platform of this machine. Throws where Plinth does not run. */
export function ownPlatform(): Platform {
  const arch = { x64: "amd64", arm64: "arm64" }[process.arch as string];
  if ((process.platform !== "linux" && process.platform !== "darwin") || (arch !== "amd64" && arch !== "arm64")) {
    throw new Error(`Plinth runs on linux and darwin, amd64 and arm64; this is ${process.platform} ${process.arch}.`);
  }
  return `${process.platform}-${arch}`;
}

/** `linux-amd64` as `{ os: "linux", arch: "amd64" }`. */
export function splitPlatform(platform: Platform): { os: string; arch: string } {
  const [os = "", arch = ""] = platform.split("-");
  return { os, arch };
}
