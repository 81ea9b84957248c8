import { defineRole, directory, file, group, packageInstalled, unit, user, z } from "plinth/roles";

/** The ten tasks by Plinth: this file is `roles/index.ts` of the copy that is measured. */
const tasks = defineRole({
  name: "bench-tasks",
  parameters: z.object({
    name: z.string(),
    text: z.string(),
    /** Name → content. */
    files: z.record(z.string(), z.string()),
    unit: z.string(),
  }),
  plan: ({ host, parameters: { name, text, files, unit: unitFile } }) => [
    packageInstalled("procps"),
    group(name),
    user(name, { group: name, system: true }),
    directory(`/etc/${name}`),
    ...Object.entries(files).map(([path, content]) => file(`/etc/${name}/${path}`, { content })),
    file(`/etc/${name}/service.conf`, {
      content: `# ${name} on ${host.name}\ntext = ${text}\n`,
      restart: `${name}.service`,
    }),
    unit(`${name}.service`, unitFile),
  ],
});

export const roles = [tasks];
