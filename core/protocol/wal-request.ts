// What a node that rewinds asks barman's agent for: whole WAL files, in pieces that fit into a signed answer.
import { z } from "zod";

export const walPath = "/control/wal";

/** One piece, bytes; as base64 it stays below what an answer may hold. */
export const pieceBytes = 512 * 1024;

/** A WAL segment or a timeline history, and nothing that could be another path. */
export const walFileName = /^[0-9A-F]{24}$|^[0-9A-F]{8}\.history$/;

export const WalQuestion = z.object({
  name: z.string().regex(walFileName),
  offset: z.number().int().nonnegative(),
});

export const WalPiece = z.object({
  /** size of the whole file, bytes */
  totalBytes: z.number().int().nonnegative(),
  base64: z.string(),
});
export type WalPiece = z.infer<typeof WalPiece>;
