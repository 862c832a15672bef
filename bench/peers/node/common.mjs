// Does the jobs of bench/peers/run: reads one per line from standard input, asks a client so often,
// and prints what that cost.
import { createInterface } from "node:readline";
import { appendFileSync, readFileSync, writeFileSync } from "node:fs";

/** What the server is told; it takes any. */
export const KEY = "sk-0123456789abcdef";

/** Does n pieces of work, so many at once, and adds up what they return. */
async function spread(n, atOnce, work) {
  let next = 0;
  let total = 0;
  const worker = async () => {
    while (next < n) {
      const done = await work(next++);
      total += done;
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  return total;
}

function calls(job, client) {
  const prompt = job.prompt_bytes ? "word ".repeat(job.prompt_bytes / 5) : "Say hello";
  const one = job.stream ? () => client.stream(prompt) : async () => ((await client.answer(prompt)) ? 1 : 0);
  return spread(job.calls, job.at_once, one);
}

/** Asks what each line of a file has as "text", and writes the answers with the lines' numbers. */
function batch(job, client) {
  const lines = readFileSync(job.lines, "utf8").trim().split("\n");
  writeFileSync(job.out, "");
  return spread(lines.length, job.at_once, async (index) => {
    const text = await client.answer(JSON.parse(lines[index]).text);
    appendFileSync(job.out, JSON.stringify({ index, text }) + "\n");
    return 1;
  });
}

/** Does jobs until standard input ends. A client is opened for each server once. */
export async function serve(open) {
  const clients = new Map();
  for await (const line of createInterface({ input: process.stdin })) {
    const job = JSON.parse(line);
    if (!clients.has(job.url)) clients.set(job.url, open(job.url));
    const started = process.hrtime.bigint();
    const before = process.cpuUsage();
    const events = await (job.lines ? batch : calls)(job, clients.get(job.url));
    const spent = process.cpuUsage(before);
    const wall = Number(process.hrtime.bigint() - started) / 1e3;
    console.log(JSON.stringify({ cpu_us: spent.user + spent.system, wall_us: wall, events }));
  }
  process.exit(0); // connections that are kept would keep the program, too
}
