import type { ConfigurableProvider, ConfiguredProvider } from "./types.ts";
import type { PropertyMap } from "./values.ts";

/**
 * Configured instances by connection. Attached to a running server, the engine opens one connection for each provider
 * resource and configures it there; nothing else in its requests tells one provider resource from another. Equal
 * configurations share an instance, over all runs.
 */
export class Sessions {
  readonly #byConfig = new Map<string, ConfiguredProvider>();
  readonly #byPeer = new Map<string, ConfiguredProvider>();

  open(peer: string, provider: ConfigurableProvider, config: PropertyMap): void {
    const key = JSON.stringify(Object.entries(config).sort(([left], [right]) => (left < right ? -1 : 1)));
    const instance = this.#byConfig.get(key) ?? provider.configure(config);
    this.#byConfig.set(key, instance);
    this.#byPeer.set(peer, instance);
  }

  of(peer: string): ConfiguredProvider {
    const own = this.#byPeer.get(peer);
    if (own !== undefined) {
      return own;
    }
    // A connection that was idle for long is closed and opened anew, without being configured again.
    const [only, ...others] = this.#byConfig.values();
    if (only !== undefined && others.length === 0) {
      return only;
    }
    throw new Error("The engine lost its connection to the bundled plugin; run the command again.");
  }

  close(): void {
    for (const provider of this.#byConfig.values()) {
      provider.close();
    }
    this.#byConfig.clear();
    this.#byPeer.clear();
  }
}
