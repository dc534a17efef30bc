// A leadership as it is written down and sent (core/lease/decide/epoch.ts). An earlier release did not say whose it was.
import { z } from "zod";
import type { Leadership } from "../lease/decide/epoch.ts";

export const leadershipSchema = z.object({
  epoch: z.number().int().positive(),
  host: z.string().max(300).default(""),
  systemIdentifier: z.string().max(20).default(""),
  alone: z.boolean().optional(),
  partners: z.array(z.string().max(253)).max(100).default([]),
}) satisfies z.ZodType<Leadership>;
