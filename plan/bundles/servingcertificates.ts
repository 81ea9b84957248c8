import { rosterScript, rosterScriptPath } from "../scripts.ts";
import { apiserverUnit } from "./apiserver.ts";
import type { BundlePart } from "./part.ts";
import { scriptFile } from "./scriptfiles.ts";
import {
  because,
  kernelKeptFrom,
  processLimits,
  renderUnit,
  restartsForever,
  systemCalls,
  unitFile,
} from "./systemd.ts";

const approverUnit = "plinth-serving-certificates.service";
const restart = [approverUnit];

/** Seconds in which a request is judged, so that one that meets a busy API server does not hold up the others for long. */
const judgingSeconds = 30;

function service(): string {
  return renderUnit({
    unit: {
      Description: "Plinth: approves the serving certificates of kubelets",
      Wants: `network-online.target ${apiserverUnit}`,
      After: `network-online.target ${apiserverUnit}`,
      ...restartsForever,
    },
    service: {
      Type: "exec",
      Environment: `NODE=serving-certificates DEADLINE=${judgingSeconds}`,
      ExecStart: rosterScriptPath("serving"),
      Restart: "always",
      RestartSec: "2",
      SuccessExitStatus: because("What it ends with when it is told to stop.", "129"),
      UMask: "0077",
      CapabilityBoundingSet: because("Root without capabilities: the roster's credentials are root's.", ""),
      NoNewPrivileges: "yes",
      ProtectSystem: "strict",
      ProtectHome: "yes",
      PrivateTmp: "yes",
      ...kernelKeptFrom,
      ...processLimits,
      ...systemCalls,
    },
  });
}

/**
 * What approves the serving certificates of kubelets whenever they are renewed: nothing in Kubernetes does, and the next `up` may be
 * months away. Every control-plane host has one; which of them is the first to approve a request does not matter.
 */
export const servingCertificates: BundlePart = {
  name: "serving-certificates",
  plan: () => ({
    downloads: [scriptFile(rosterScriptPath("serving"), rosterScript("serving"), { restart })],
    files: [unitFile(approverUnit, service(), "0644")],
    units: [approverUnit],
    checks: [{ name: "unit-active", deadline: 60, unit: approverUnit, args: { unit: approverUnit } }],
  }),
};
