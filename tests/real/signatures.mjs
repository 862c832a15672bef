// Requests and what AWS's own signer makes of them, the same at every run:
//
//   node signatures.mjs MODULES [-]
//
// MODULES is the folder that npm filled. Prints a JSON object a line: what the request is about (kind), the
// request, who signs it when, and the headers that come of it. With - the requests are those of stdin.
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';

const need = createRequire(`${process.argv[2]}/`);
const { SignatureV4 } = need('@smithy/signature-v4');
const { Sha256 } = need('@aws-crypto/sha256-js');

// ---- choosing, by a small generator of our own: a failure comes back

let state = 20260811;
function below(n) {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  return Math.floor((state / 2 ** 32) * n);
}
const one = (list) => list[below(list.length)];
const several = (most, make) => Array.from({ length: below(most + 1) }, make);
const ascii = Array.from({ length: 95 }, (_, i) => String.fromCharCode(32 + i));
const wide = ['é', 'ß', '☃', '漢', '🚀', '\u00a0', '\u0301', '٣'];
const words = ['claude', 'v1', 'eu', 'nova-pro', '20250514', 'a.b_c~d-e', 'x', ''];
const text = (most) => several(most, () => one(below(6) ? ascii : wide)).join('');
const token = () => several(60, () => one([...'ABCxyz0189+/='])).join('');

// ---- what is asked for

const models = [
  () => `anthropic.${one(words)}-v${below(9)}:${below(3)}`,
  () => `arn:aws:bedrock:eu-west-1:123456789012:inference-profile/eu.${one(words)}:0`,
  () => `arn:aws:sagemaker:us-east-2:1:endpoint/${text(12)}`,
  () => `${one(words)}/${one(words)}:${text(6)}`,
  () => text(24) || 'x',
];
// As the library writes a model into a path: everything but the unreserved characters escaped.
const escape = (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`;
const escaped = (s) => encodeURIComponent(s).replace(/[!'()*]/g, escape);
const hosts = [
  'https://bedrock-runtime.us-east-1.amazonaws.com', 'https://bedrock.ap-southeast-2.amazonaws.com',
  'http://127.0.0.1:4010', 'https://vpce-0a1b.bedrock-runtime.eu-west-1.vpce.amazonaws.com', 'http://[::1]:8080',
  'https://proxy.example/aws/bedrock', 'https://proxy.example:8443/a%20b/c%2Fd',
];
const action = () => one(['/converse', '/converse-stream', '']);
const call = () => ({ url: `${one(hosts)}/model/${escaped(one(models)())}${action()}`, method: 'POST' });
const parameter = () => `${escaped(text(8))}${one(['=', '', '=', '=='])}${escaped(text(8))}`;
const plain = one(models)();
const names = ['a', 'a-b', 'a.b', 'ab', 'A', 'aa', 'a1', '~a'];
const pairs = ['a=b:c', 'a=%2f', 'x=1,2', 'q=a/b', 'k[]=@', 's=$!*()', 'c=%c3%a9', 'empty', '%7e=%7E'];
const segments = ['a', '', '.a', '..b', 'b:c', 'd@e', "f!$&'()*+,;=", '%C3%A9', '...'];
const addresses = ['https://h.example:443', 'http://h.example:80', 'http://h.example:443', 'https://u:p@h.example'];

const kinds = {
  'models and their paths': call,
  'parameters, sorted by name and then by value': () => ({
    url: `${one(hosts)}/foundation-models?${several(9, () => `${one(names)}=${one(words)}`).join('&')}`, method: 'GET',
  }),
  'parameters with any characters': () => ({
    url: `${one(hosts)}/foundation-models?${several(9, parameter).join('&')}`, method: 'GET',
  }),
  'parameters that somebody wrote by hand': () => ({
    url: `https://h.example/p?${several(6, () => one(pairs)).join('&')}`, method: 'POST',
  }),
  'paths that somebody wrote by hand': () => ({
    url: `https://h.example/${several(5, () => one(segments)).join('/')}`, method: 'POST',
  }),
  'hosts that somebody wrote by hand': () => ({
    url: `${one(addresses)}${one(['', '/', '/a'])}${one(['', '?a=1', '?a=1&b'])}`, method: 'POST',
  }),
  'types that somebody wrote by hand': () => ({
    ...call(), type: one(['text/plain', 'application/json;  charset=utf-8', 'a/b ; c="d  e"', '']),
  }),
  'keys and times': () => ({
    url: `https://bedrock-runtime.us-east-1.amazonaws.com/model/${escaped(plain)}/converse`,
    method: 'POST',
    id: `AKIA${token()}`.replaceAll(/[+/=]/g, 'Q'),
    secret: token() || 'x',
    token: below(2) ? token() : '',
    region: one(['us-east-1', 'eu-central-2', 'cn-north-1', 'us-gov-west-1', 'me-south-1']),
    now: one([0, 951827696, 1763805600, 4102444799, below(2 ** 31)]),
  }),
};

// ---- what the signer makes of it

// A query as an HTTP library reads it: decoded, a name that comes again with all its values.
function parse(query) {
  const read = Object.create(null);
  for (const pair of query ? query.split('&') : []) {
    if (!pair) continue;
    const at = pair.indexOf('=');
    const name = decodeURIComponent(at < 0 ? pair : pair.slice(0, at));
    const value = at < 0 ? '' : decodeURIComponent(pair.slice(at + 1));
    (read[name] ??= []).push(value);
  }
  return read;
}

async function sign(request) {
  const { url, method, body, type, id, secret, now, region } = request;
  // What is sent of it: no fragment, no user, no port that everybody knows.
  const [, scheme, host, path, query] = /^(https?):\/\/(?:[^/?#@]*@)?([^/?#]*)([^?#]*)\??([^#]*)/.exec(url);
  const sent = host.replace(scheme === 'https' ? /:443$/ : /:80$/, '');
  const signer = new SignatureV4({
    service: 'bedrock', region, sha256: Sha256, applyChecksum: true,
    credentials: { accessKeyId: id, secretAccessKey: secret, ...(request.token && { sessionToken: request.token }) },
  });
  const { headers } = await signer.sign(
    {
      protocol: `${scheme}:`, hostname: sent, method, path: path || '/', query: parse(query), body,
      headers: { host: sent, ...(type && { 'content-type': type }) },
    },
    { signingDate: new Date(now * 1000) },
  );
  return headers;
}

function* generated() {
  for (const [kind, make] of Object.entries(kinds)) {
    for (let i = 0; i < 150; i++) {
      const made = make();
      const request = {
        id: 'AKIDEXAMPLE', secret: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY', token: below(3) ? '' : token(),
        region: 'us-east-1', now: 1763805600, type: made.method === 'POST' ? 'application/json' : '',
        body: made.method === 'POST' ? JSON.stringify({ messages: [text(40)] }) : '',
        ...made,
      };
      yield { kind, request };
    }
  }
}

async function* given() {
  for await (const line of createInterface({ input: process.stdin }))
    yield { kind: 'given', request: JSON.parse(line) };
}

for await (const { kind, request } of process.argv[3] === '-' ? given() : generated())
  console.log(JSON.stringify({ kind, request, headers: await sign(request) }));
