import { inhibitRules } from "../alerts/inhibitions.ts";
import { renderYaml } from "../yaml.ts";
import { folders, monitoringPorts } from "./names.ts";
import type { MonitoringSettings, Receiver } from "./settings.ts";

/** What a receiver is in Alertmanager's configuration; it gets word when an alert ends, too. */
function receiverOf({ name, webhook, mail, chat }: Receiver): object {
  const told = { send_resolved: true };
  return {
    name,
    ...(webhook === undefined
      ? {}
      : {
          webhook_configs: [
            {
              ...told,
              url: webhook.url,
              ...(webhook.token === undefined
                ? {}
                : { http_config: { authorization: { credentials: webhook.token } } }),
            },
          ],
        }),
    ...(mail === undefined
      ? {}
      : {
          email_configs: mail.to.map((to) => ({
            ...told,
            to,
            from: mail.from,
            smarthost: mail.server,
            require_tls: mail.requireTls,
            ...(mail.user === undefined ? {} : { auth_username: mail.user }),
            ...(mail.password === undefined ? {} : { auth_password: mail.password }),
          })),
        }),
    ...(chat === undefined
      ? {}
      : {
          slack_configs: [
            {
              ...told,
              api_url: chat.url,
              ...(chat.channel === undefined ? {} : { channel: chat.channel }),
              title: "{{ .Status | toUpper }}: {{ .CommonLabels.alertname }}",
              text: "{{ range .Alerts }}{{ .Annotations.summary }}\n{{ end }}",
            },
          ],
        }),
  };
}

/** Who gets nothing: where nobody asked for a severity. */
const nobody = "nobody";
/** Who gets the alert that is always on. */
const watchdog = "watchdog";

/** Alertmanager's configuration, with the secrets of receivers in it. */
export function renderAlertmanager(settings: MonitoringSettings): string {
  const { receivers } = settings;
  const beat = settings.watchdog;
  return renderYaml({
    route: {
      receiver: nobody,
      // Forty hosts with one fault are one message.
      group_by: ["alertname"],
      group_wait: "20s",
      group_interval: "2m",
      repeat_interval: "4h",
      routes: [
        {
          matchers: ['scope="watchdog"'],
          receiver: beat === undefined ? nobody : watchdog,
          group_wait: "0s",
          group_interval: "1m",
          ...(beat === undefined ? {} : { repeat_interval: `${beat.everyMinutes}m` }),
        },
        ...receivers.map(({ name, severities }) => ({
          matchers: [`severity=~"${severities.join("|")}"`],
          receiver: name,
          continue: true,
        })),
      ],
    },
    inhibit_rules: inhibitRules(),
    receivers: [
      { name: nobody },
      ...(beat === undefined ? [] : [{ name: watchdog, webhook_configs: [{ url: beat.url, send_resolved: false }] }]),
      ...receivers.map(receiverOf),
    ],
  });
}

/**
 * Words of Alertmanager.
 *
 * @param peers addresses of all copies; where there is one alone it has no others to agree with.
 */
export function alertmanagerArguments(peers: readonly string[]): string[] {
  return [
    `--config.file=${folders.config}/alertmanager.yaml`,
    `--storage.path=${folders.data}`,
    `--web.config.file=${folders.web}/web.yaml`,
    `--web.listen-address=:${monitoringPorts.alertmanager}`,
    ...(peers.length < 2
      ? ["--cluster.listen-address="]
      : [
          `--cluster.listen-address=0.0.0.0:${monitoringPorts.gossip}`,
          `--cluster.advertise-address=$(POD_IP):${monitoringPorts.gossip}`,
          `--cluster.tls-config=${folders.web}/gossip.yaml`,
          ...peers.map((address) => `--cluster.peer=${address}:${monitoringPorts.gossip}`),
        ]),
  ];
}
