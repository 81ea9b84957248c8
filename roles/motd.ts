import { defineRole, file, z } from "plinth/roles";

/** Says to whoever logs in whose host this is. A role to begin with: give it to a host by `roles: ["worker", "motd"]`. */
export const motd = defineRole({
  name: "motd",
  parameters: z.object({
    /** Who answers for the host. */
    owner: z.string().min(1),
  }),
  plan: ({ host, parameters }) => [
    file("/etc/motd", { content: `${host.name} belongs to ${parameters.owner}; it is run by Plinth\n` }),
  ],
});
