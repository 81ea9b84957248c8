import { unreadSecret, type RawConfig } from "../rawconfig.ts";
import { settingKeys } from "./schema.ts";

const mask = (value: unknown): unknown => {
  if (value === unreadSecret) return "[secret]";
  if (Array.isArray(value)) return value.map(mask);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, mask(inner)]));
};

/** A configuration with a mark in place of secrets inside of settings that hosts and groups can have: all around them is told. */
export function maskedSettings(raw: RawConfig): RawConfig {
  const masked: readonly string[] = [...settingKeys, "groups"];
  return Object.fromEntries(
    Object.entries(raw).map(([key, value]) => [
      key,
      masked.includes(key) && value !== unreadSecret ? mask(value) : value,
    ]),
  );
}
