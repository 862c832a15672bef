// What the client programs for JavaScript share; see jobs.py, whose forms of jobs and results are the same.
//
//     PROGRAM.mjs API BASE MODEL CASE [stream]      one job
//     PROGRAM.mjs --jobs N                          jobs from stdin, N at once
import { createInterface } from "node:readline";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import { deflateSync, crc32 } from "node:zlib";

export const WEATHER = { type: "object", properties: { city: { type: "string" } }, required: ["city"] };
export const PERSON = {
  type: "object", properties: { name: { type: "string" }, age: { type: "integer" } },
  required: ["name", "age"], additionalProperties: false,
};

// A package of .deps/clients/node; the folder is in CLIENTS, since imports look only above their own file.
export async function load(name) {
  const from = createRequire(process.env.CLIENTS + "/none.js");
  return import(pathToFileURL(from.resolve(name)).href);
}

function part(kind, data) {
  const body = Buffer.concat([Buffer.from(kind), data]);
  const length = Buffer.alloc(4), sum = Buffer.alloc(4);
  length.writeUInt32BE(data.length);
  sum.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, sum]);
}

// A picture of one pixel.
export const PICTURE = Buffer.concat([
  Buffer.from("89504e470d0a1a0a", "hex"), part("IHDR", Buffer.from("00000001000000010802000000", "hex")),
  part("IDAT", deflateSync(Buffer.from("00ff0000", "hex"))), part("IEND", Buffer.alloc(0)),
]).toString("base64");

// The tool that the clients run.
export function weather(given) {
  const { city } = typeof given === "string" ? JSON.parse(given) : given;
  return `${city.length} degrees in ${city}`;
}

async function attempt(run, job) {
  const began = performance.now();
  const seen = { id: job.id ?? 0, outcome: "text", text: "" };
  try {
    await run(job, seen);
  } catch (e) {
    seen.outcome = "error";
    seen.error = `${e?.constructor?.name}: ${e?.message ?? JSON.stringify(e)}`.slice(0, 600);
    seen.status = e?.status ?? e?.statusCode ?? null;
    seen.body = e?.error ?? e?.responseBody ?? null;
  }
  seen.seconds = (performance.now() - began) / 1000;
  return seen;
}

export async function main(run) {
  const [first, ...rest] = process.argv.slice(2);
  if (first === "--jobs") {
    const jobs = [];
    for await (const line of createInterface({ input: process.stdin })) jobs.push(JSON.parse(line));
    const worker = async () => {
      for (let job; (job = jobs.shift());) console.log(JSON.stringify(await attempt(run, job)));
    };
    await Promise.all(Array.from({ length: Number(rest[0]) }, worker));
  } else {
    const [base, model, name, stream] = rest;
    const job = { api: first, base, model, case: name, stream: stream === "stream", prompt: "job-0: Hello." };
    console.log(JSON.stringify(await attempt(run, job)));
  }
  process.exit(0); // whatever a client has left open
}
