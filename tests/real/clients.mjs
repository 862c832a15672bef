// Send the calls of test_clients.py with the maker's own client:
//
//   node clients.mjs MODULES PROVIDER URL MODEL
//
// MODULES is the folder that npm filled. Each line of stdin names a call; a line of JSON comes back, with the
// answer's text or what failed.
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const [modules, provider, url, model] = process.argv.slice(2);
const need = createRequire(`${modules}/`);
const key = 'the-key-of-the-tests';
const schema = { type: 'object', properties: { ok: { type: 'boolean' } }, required: ['ok'] };
const tool = {
  name: 'get_weather',
  description: 'Tell the weather of a city',
  parameters: { type: 'object', properties: { city: { type: 'string' } } },
};
const image = Buffer.from('\x89PNG\r\n', 'latin1');
// What protocols share that have messages of roles.
const hi = [{ role: 'user', content: 'Hi' }];
const conversation = [
  { role: 'system', content: 'Be brief.' },
  ...hi,
  { role: 'assistant', content: 'Hello.' },
  { role: 'user', content: 'And now?' },
];
const systems = [{ role: 'system', content: 'Be brief.' }, ...hi, { role: 'system', content: 'Be kind.' }, ...hi];
const tools = [{ type: 'function', function: tool }];
const called = { name: tool.name, arguments: '{"city":"Oslo"}' };

async function gemini(name) {
  const { GoogleGenAI } = need('@google/genai');
  const { models } = new GoogleGenAI({ apiKey: key, httpOptions: { baseUrl: url } });
  const user = (...parts) => ({ role: 'user', parts });
  const hi = [user({ text: 'Hi' })];
  const weather = (functionCallingConfig) => ({
    contents: [
      user({ text: 'Weather?' }),
      { role: 'model', parts: [{ functionCall: { id: 'weather01', name: tool.name, args: { city: 'Oslo' } } }] },
      user({ functionResponse: { id: 'weather01', name: tool.name, response: { output: '21 degrees' } } }),
    ],
    config: {
      tools: [{
        functionDeclarations: [
          { name: tool.name, description: tool.description, parametersJsonSchema: tool.parameters },
        ],
      }],
      toolConfig: { functionCallingConfig },
    },
  });
  const calls = {
    conversation: {
      contents: [user({ text: 'Hi' }), { role: 'model', parts: [{ text: 'Hello.' }] }, user({ text: 'And now?' })],
      config: {
        systemInstruction: 'Be brief.',
        temperature: 0.2,
        topP: 0.9,
        topK: 40,
        maxOutputTokens: 64,
        stopSequences: ['END'],
        seed: 7,
        presencePenalty: 0.5,
        frequencyPenalty: -0.5,
      },
    },
    systems: {
      contents: [user({ text: 'Hi' }), user({ text: 'Hi' })],
      config: { systemInstruction: [{ text: 'Be brief.' }, { text: 'Be kind.' }] },
    },
    tools: weather({ mode: 'AUTO' }),
    'tool-by-name': weather({ mode: 'ANY', allowedFunctionNames: [tool.name] }),
    'tool-required': weather({ mode: 'ANY' }),
    'tool-none': weather({ mode: 'NONE' }),
    image: {
      contents: [
        user({ text: 'What is this?' }, { inlineData: { mimeType: 'image/png', data: image.toString('base64') } }),
      ],
    },
    schema: { contents: hi, config: { responseMimeType: 'application/json', responseJsonSchema: schema } },
    json: { contents: hi, config: { responseMimeType: 'application/json' } },
    thinking: { contents: hi, config: { thinkingConfig: { thinkingLevel: 'HIGH', includeThoughts: true } } },
  };
  if (name === 'tool-round') {
    const chat = new GoogleGenAI({ apiKey: key, httpOptions: { baseUrl: url } }).chats.create({
      model,
      config: { tools: calls.tools.config.tools },
    });
    const { functionCalls } = await chat.sendMessage({ message: 'Weather?' });
    const message = functionCalls.map(({ id, name }) => (
      { functionResponse: { ...(id && { id }), name, response: { output: '21 degrees' } } }));
    return (await chat.sendMessage({ message })).text;
  }
  if (name === 'stream') {
    let text = '';
    for await (const chunk of await models.generateContentStream({ model, contents: hi })) text += chunk.text ?? '';
    return text;
  }
  return (await models.generateContent({ model, ...calls[name] })).text;
}

async function ollama(name) {
  const { Ollama } = need('ollama');
  const client = new Ollama({ host: url, headers: { Authorization: `Bearer ${key}` } });
  const calls = {
    conversation: {
      messages: conversation,
      options: {
        temperature: 0.2,
        top_p: 0.9,
        top_k: 40,
        num_predict: 64,
        stop: ['END'],
        seed: 7,
        presence_penalty: 0.5,
        frequency_penalty: -0.5,
      },
    },
    systems: { messages: systems },
    tools: {
      messages: [
        { role: 'user', content: 'Weather?' },
        {
          role: 'assistant',
          content: '',
          tool_calls: [{ function: { name: tool.name, arguments: { city: 'Oslo' } } }],
        },
        { role: 'tool', content: '21 degrees', tool_name: tool.name },
      ],
      tools,
    },
    image: { messages: [{ role: 'user', content: 'What is this?', images: [image] }] },
    schema: { messages: hi, format: schema },
    json: { messages: hi, format: 'json' },
    thinking: { messages: hi, think: 'high' },
  };
  if (name === 'tool-round') {
    const messages = [{ role: 'user', content: 'Weather?' }];
    const call = { model, messages, tools: calls.tools.tools };
    const { message } = await client.chat(call);
    messages.push(message);
    for (const _ of message.tool_calls) messages.push({ role: 'tool', content: '21 degrees', tool_name: tool.name });
    return (await client.chat(call)).message.content;
  }
  if (name === 'stream') {
    let text = '';
    for await (const part of await client.chat({ model, messages: hi, stream: true })) text += part.message.content;
    return text;
  }
  return (await client.chat({ model, ...calls[name] })).message.content;
}

async function anthropic(name) {
  const Anthropic = need('@anthropic-ai/sdk').default;
  const { messages } = new Anthropic({ apiKey: key, baseURL: url, maxRetries: 0 });
  const max_tokens = 16384;
  const tools = [{ name: tool.name, description: tool.description, input_schema: tool.parameters }];
  const weather = (tool_choice) => ({
    max_tokens,
    messages: [
      { role: 'user', content: 'Weather?' },
      { role: 'assistant', content: [{ type: 'tool_use', id: 'weather01', name: tool.name, input: { city: 'Oslo' } }] },
      { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'weather01', content: '21 degrees' }] },
    ],
    tools,
    tool_choice,
  });
  const source = { type: 'base64', media_type: 'image/png', data: image.toString('base64') };
  const calls = {
    conversation: {
      max_tokens: 64,
      system: 'Be brief.',
      messages: [...hi, { role: 'assistant', content: 'Hello.' }, { role: 'user', content: 'And now?' }],
      temperature: 0.2,
      top_p: 0.9,
      top_k: 40,
      stop_sequences: ['END'],
    },
    systems: {
      max_tokens,
      system: [{ type: 'text', text: 'Be brief.' }, { type: 'text', text: 'Be kind.' }],
      messages: [{ role: 'user', content: [{ type: 'text', text: 'Hi' }, { type: 'text', text: 'Hi' }] }],
    },
    tools: weather({ type: 'auto' }),
    'tool-by-name': weather({ type: 'tool', name: tool.name }),
    'tool-required': weather({ type: 'any' }),
    'tool-none': weather({ type: 'none' }),
    image: {
      max_tokens,
      messages: [{ role: 'user', content: [{ type: 'text', text: 'What is this?' }, { type: 'image', source }] }],
    },
    schema: { max_tokens, messages: hi, output_config: { format: { type: 'json_schema', schema } } },
    thinking: { max_tokens, messages: hi, thinking: { type: 'adaptive' }, output_config: { effort: 'high' } },
  };
  const text = ({ content }) => content.filter(({ type }) => type === 'text').map((block) => block.text).join('');
  if (name === 'tool-round') {
    const call = { model, max_tokens, messages: [{ role: 'user', content: 'Weather?' }], tools };
    const { content } = await messages.create(call);
    call.messages.push({ role: 'assistant', content });
    call.messages.push({
      role: 'user',
      content: content.filter(({ type }) => type === 'tool_use')
        .map(({ id }) => ({ type: 'tool_result', tool_use_id: id, content: '21 degrees' })),
    });
    return text(await messages.create(call));
  }
  if (name === 'stream') return text(await messages.stream({ model, max_tokens, messages: hi }).finalMessage());
  return text(await messages.create({ model, ...calls[name] }));
}

async function responses(name) {
  const OpenAI = need('openai').default;
  const { responses } = new OpenAI({ apiKey: key, baseURL: url, maxRetries: 0 });
  const stored = { model, store: false, include: ['reasoning.encrypted_content'] };
  const said = (role, content) => ({ type: 'message', role, content });
  const hi = [said('user', 'Hi')];
  const tools = [{ type: 'function', strict: false, ...tool }];
  const result = (call_id) => ({ type: 'function_call_output', call_id, output: '21 degrees' });
  const weather = (tool_choice) => ({
    input: [
      said('user', 'Weather?'),
      { type: 'function_call', call_id: 'weather01', name: tool.name, arguments: '{"city":"Oslo"}' },
      result('weather01'),
    ],
    tools,
    tool_choice,
  });
  const calls = {
    conversation: {
      input: [
        said('system', 'Be brief.'),
        ...hi,
        said('assistant', [{ type: 'output_text', text: 'Hello.' }]),
        said('user', 'And now?'),
      ],
      temperature: 0.2,
      top_p: 0.9,
      max_output_tokens: 64,
    },
    systems: { input: [said('system', 'Be brief.'), ...hi, said('system', 'Be kind.'), ...hi] },
    tools: weather('auto'),
    'tool-by-name': weather({ type: 'function', name: tool.name }),
    'tool-required': weather('required'),
    'tool-none': weather('none'),
    image: {
      input: [said('user', [
        { type: 'input_text', text: 'What is this?' },
        { type: 'input_image', detail: 'auto', image_url: `data:image/png;base64,${image.toString('base64')}` },
      ])],
    },
    schema: { input: hi, text: { format: { type: 'json_schema', name: 'answer', schema } } },
    json: { input: hi, text: { format: { type: 'json_object' } } },
    thinking: { input: hi, reasoning: { effort: 'high' } },
  };
  if (name === 'tool-round') {
    const input = [said('user', 'Weather?')];
    const { output } = await responses.create({ ...stored, input, tools });
    input.push(...output);
    for (const { type, call_id } of output) if (type === 'function_call') input.push(result(call_id));
    return (await responses.create({ ...stored, input, tools })).output_text;
  }
  if (name === 'stream') {
    let text = '';
    for await (const event of await responses.create({ ...stored, input: hi, stream: true }))
      if (event.type === 'response.output_text.delta') text += event.delta;
    return text;
  }
  return (await responses.create({ ...stored, ...calls[name] })).output_text;
}

// Chat Completions, as OpenAI's client speaks it to OpenAI and to Azure.
async function completions(client, limit, name) {
  const { completions } = client.chat;
  const result = (tool_call_id) => ({ role: 'tool', tool_call_id, content: '21 degrees' });
  const weather = (tool_choice) => ({
    messages: [
      { role: 'user', content: 'Weather?' },
      { role: 'assistant', content: null, tool_calls: [{ id: 'weather01', type: 'function', function: called }] },
      result('weather01'),
    ],
    tools,
    tool_choice,
  });
  const url = `data:image/png;base64,${image.toString('base64')}`;
  const calls = {
    conversation: {
      messages: conversation,
      temperature: 0.2,
      top_p: 0.9,
      [limit]: 64,
      stop: ['END'],
      seed: 7,
      presence_penalty: 0.5,
      frequency_penalty: -0.5,
    },
    systems: { messages: systems },
    tools: weather('auto'),
    'tool-by-name': weather({ type: 'function', function: { name: tool.name } }),
    'tool-required': weather('required'),
    'tool-none': weather('none'),
    image: {
      messages: [{
        role: 'user',
        content: [{ type: 'text', text: 'What is this?' }, { type: 'image_url', image_url: { url } }],
      }],
    },
    schema: { messages: hi, response_format: { type: 'json_schema', json_schema: { name: 'answer', schema } } },
    json: { messages: hi, response_format: { type: 'json_object' } },
    thinking: { messages: hi, reasoning_effort: 'high' },
  };
  if (name === 'tool-round') {
    const messages = [{ role: 'user', content: 'Weather?' }];
    const { message } = (await completions.create({ model, messages, tools })).choices[0];
    messages.push(message, ...message.tool_calls.map(({ id }) => result(id)));
    return (await completions.create({ model, messages, tools })).choices[0].message.content;
  }
  if (name === 'stream') {
    let text = '';
    const call = { model, messages: hi, stream: true, stream_options: { include_usage: true } };
    for await (const chunk of await completions.create(call)) text += chunk.choices[0]?.delta.content ?? '';
    return text;
  }
  return (await completions.create({ model, ...calls[name] })).choices[0].message.content;
}

async function openai(name) {
  const OpenAI = need('openai').default;
  return completions(new OpenAI({ apiKey: key, baseURL: url, maxRetries: 0 }), 'max_tokens', name);
}

async function azure(name) {
  const { AzureOpenAI } = need('openai');
  const options = { apiKey: key, endpoint: url, apiVersion: '2024-10-21', deployment: model, maxRetries: 0 };
  return completions(new AzureOpenAI(options), 'max_completion_tokens', name);
}

// Cohere's and Mistral's clients name members as JavaScript does.
const camelResult = (toolCallId) => ({ role: 'tool', toolCallId, content: '21 degrees' });

const camelWeather = (toolChoice) => ({
  messages: [
    { role: 'user', content: 'Weather?' },
    { role: 'assistant', toolCalls: [{ id: 'weather01', type: 'function', function: called }] },
    camelResult('weather01'),
  ],
  tools,
  ...(toolChoice && { toolChoice }),
});

const camelImage = () => {
  const imageUrl = { url: `data:image/png;base64,${image.toString('base64')}` };
  const content = [{ type: 'text', text: 'What is this?' }, { type: 'image_url', imageUrl }];
  return { messages: [{ role: 'user', content }] };
};

async function cohere(name) {
  const { CohereClientV2 } = need('cohere-ai');
  const client = new CohereClientV2({ token: key, environment: url });
  const calls = {
    conversation: {
      messages: conversation,
      temperature: 0.2,
      p: 0.9,
      k: 40,
      maxTokens: 64,
      stopSequences: ['END'],
      seed: 7,
      presencePenalty: 0.5,
      frequencyPenalty: -0.5,
    },
    systems: { messages: systems },
    tools: camelWeather(),
    'tool-required': camelWeather('REQUIRED'),
    'tool-none': camelWeather('NONE'),
    image: camelImage(),
    schema: { messages: hi, responseFormat: { type: 'json_object', jsonSchema: schema } },
    json: { messages: hi, responseFormat: { type: 'json_object' } },
    thinking: { messages: hi, thinking: { type: 'enabled' } },
  };
  const text = ({ message }) => message.content.filter(({ type }) => type === 'text').map((part) => part.text).join('');
  if (name === 'tool-round') {
    const messages = [{ role: 'user', content: 'Weather?' }];
    const { message } = await client.chat({ model, messages, tools });
    messages.push(message, ...message.toolCalls.map(({ id }) => camelResult(id)));
    return text(await client.chat({ model, messages, tools }));
  }
  if (name === 'stream') {
    let said = '';
    for await (const event of await client.chatStream({ model, messages: hi }))
      if (event.type === 'content-delta') said += event.delta.message.content.text;
    return said;
  }
  return text(await client.chat({ model, ...calls[name] }));
}

async function mistral(name) {
  const { Mistral } = await import(join(modules, 'node_modules/@mistralai/mistralai/esm/index.js'));
  const { chat } = new Mistral({ apiKey: key, serverURL: url });
  const calls = {
    conversation: {
      messages: conversation,
      temperature: 0.2,
      topP: 0.9,
      maxTokens: 64,
      stop: ['END'],
      randomSeed: 7,
      presencePenalty: 0.5,
      frequencyPenalty: -0.5,
    },
    systems: { messages: systems },
    tools: camelWeather('auto'),
    'tool-by-name': camelWeather({ type: 'function', function: { name: tool.name } }),
    'tool-required': camelWeather('required'),
    'tool-none': camelWeather('none'),
    image: camelImage(),
    schema: {
      messages: hi,
      responseFormat: { type: 'json_schema', jsonSchema: { name: 'answer', schemaDefinition: schema } },
    },
    json: { messages: hi, responseFormat: { type: 'json_object' } },
    thinking: { messages: hi, reasoningEffort: 'high' },
  };
  if (name === 'tool-round') {
    const messages = [{ role: 'user', content: 'Weather?' }];
    const { message } = (await chat.complete({ model, messages, tools })).choices[0];
    messages.push(message, ...message.toolCalls.map(({ id }) => camelResult(id)));
    return (await chat.complete({ model, messages, tools })).choices[0].message.content;
  }
  if (name === 'stream') {
    let text = '';
    for await (const { data } of await chat.stream({ model, messages: hi }))
      text += data.choices[0]?.delta.content ?? '';
    return text;
  }
  return (await chat.complete({ model, ...calls[name] })).choices[0].message.content;
}

async function bedrock(name) {
  const { BedrockRuntimeClient, ConverseCommand, ConverseStreamCommand } = need('@aws-sdk/client-bedrock-runtime');
  const { NodeHttpHandler } = need('@smithy/node-http-handler');
  const client = new BedrockRuntimeClient({
    region: 'us-east-1',
    endpoint: url,
    token: { token: key },
    authSchemePreference: ['httpBearerAuth'],
    maxAttempts: 1,
    requestHandler: new NodeHttpHandler(), // its default speaks HTTP/2 only
  });
  const user = (...content) => ({ role: 'user', content });
  const hi = [user({ text: 'Hi' })];
  const tools = [
    { toolSpec: { name: tool.name, description: tool.description, inputSchema: { json: tool.parameters } } },
  ];
  const result = (toolUseId) => ({ toolResult: { toolUseId, content: [{ text: '21 degrees' }] } });
  const weather = (toolChoice) => ({
    messages: [
      user({ text: 'Weather?' }),
      { role: 'assistant', content: [{ toolUse: { toolUseId: 'weather01', name: tool.name, input: { city: 'Oslo' } } }] },
      user(result('weather01')),
    ],
    toolConfig: { tools, toolChoice },
  });
  const structure = { jsonSchema: { name: 'answer', schema: JSON.stringify(schema) } };
  const calls = {
    conversation: {
      system: [{ text: 'Be brief.' }],
      messages: [...hi, { role: 'assistant', content: [{ text: 'Hello.' }] }, user({ text: 'And now?' })],
      inferenceConfig: { temperature: 0.2, topP: 0.9, maxTokens: 64, stopSequences: ['END'] },
    },
    systems: {
      system: [{ text: 'Be brief.' }, { text: 'Be kind.' }],
      messages: [user({ text: 'Hi' }, { text: 'Hi' })],
    },
    tools: weather({ auto: {} }),
    'tool-by-name': weather({ tool: { name: tool.name } }),
    'tool-required': weather({ any: {} }),
    image: { messages: [user({ text: 'What is this?' }, { image: { format: 'png', source: { bytes: image } } })] },
    schema: { messages: hi, outputConfig: { textFormat: { type: 'json_schema', structure } } },
    thinking: { messages: hi, outputConfig: { effort: 'high' } },
  };
  const send = (Command, call) => client.send(new Command({ modelId: model, ...call }));
  const text = ({ output }) => output.message.content.map((block) => block.text ?? '').join('');
  if (name === 'tool-round') {
    const call = { messages: [user({ text: 'Weather?' })], toolConfig: { tools } };
    const { message } = (await send(ConverseCommand, call)).output;
    const results = message.content.filter(({ toolUse }) => toolUse).map(({ toolUse }) => result(toolUse.toolUseId));
    call.messages.push(message, user(...results));
    return text(await send(ConverseCommand, call));
  }
  if (name === 'stream') {
    let said = '';
    for await (const event of (await send(ConverseStreamCommand, { messages: hi })).stream)
      said += event.contentBlockDelta?.delta.text ?? '';
    return said;
  }
  return text(await send(ConverseCommand, calls[name]));
}

const call = {
  anthropic, azure, bedrock, cohere, gemini, mistral, ollama, openai, 'openai-responses': responses,
}[provider];
for await (const name of createInterface({ input: process.stdin })) {
  try {
    console.log(JSON.stringify({ text: await call(name) }));
  } catch (error) {
    console.log(JSON.stringify({ failure: String(error.stack ?? error) }));
  }
}
process.exit(); // connections that are kept may still be open
