// Send one of the calls of test_clients.py with the maker's own client:
//
//   node clients.mjs MODULES PROVIDER URL CASE
//
// MODULES is the folder that npm filled. Prints the answer's text.
import { createRequire } from 'node:module';

const [modules, provider, url, name] = process.argv.slice(2);
const need = createRequire(`${modules}/`);
const key = 'the-key-of-the-tests';
const model = 'a-model';
const schema = { type: 'object', properties: { ok: { type: 'boolean' } }, required: ['ok'] };
const tool = {
  name: 'get_weather',
  description: 'Tell the weather of a city',
  parameters: { type: 'object', properties: { city: { type: 'string' } } },
};
const image = Buffer.from('\x89PNG\r\n', 'latin1');

async function gemini() {
  const { GoogleGenAI } = need('@google/genai');
  const { models } = new GoogleGenAI({ apiKey: key, httpOptions: { baseUrl: url } });
  const user = (...parts) => ({ role: 'user', parts });
  const hi = [user({ text: 'Hi' })];
  const weather = (functionCallingConfig) => ({
    contents: [
      user({ text: 'Weather?' }),
      { role: 'model', parts: [{ functionCall: { id: 'id-1', name: tool.name, args: { city: 'Oslo' } } }] },
      user({ functionResponse: { id: 'id-1', name: tool.name, response: { output: '21 degrees' } } }),
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
    tools: weather({ mode: 'AUTO' }),
    'tool-by-name': weather({ mode: 'ANY', allowedFunctionNames: [tool.name] }),
    image: {
      contents: [user({ text: 'What is this?' }, { inlineData: { mimeType: 'image/png', data: image.toString('base64') } })],
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

async function ollama() {
  const { Ollama } = need('ollama');
  const client = new Ollama({ host: url, headers: { Authorization: `Bearer ${key}` } });
  const hi = [{ role: 'user', content: 'Hi' }];
  const calls = {
    conversation: {
      messages: [
        { role: 'system', content: 'Be brief.' },
        { role: 'user', content: 'Hi' },
        { role: 'assistant', content: 'Hello.' },
        { role: 'user', content: 'And now?' },
      ],
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
    tools: {
      messages: [
        { role: 'user', content: 'Weather?' },
        { role: 'assistant', content: '', tool_calls: [{ function: { name: tool.name, arguments: { city: 'Oslo' } } }] },
        { role: 'tool', content: '21 degrees', tool_name: tool.name },
      ],
      tools: [{ type: 'function', function: tool }],
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

async function anthropic() {
  const Anthropic = need('@anthropic-ai/sdk').default;
  const { messages } = new Anthropic({ apiKey: key, baseURL: url, maxRetries: 0 });
  const max_tokens = 16384;
  const hi = [{ role: 'user', content: 'Hi' }];
  const tools = [{ name: tool.name, description: tool.description, input_schema: tool.parameters }];
  const weather = (tool_choice) => ({
    max_tokens,
    messages: [
      { role: 'user', content: 'Weather?' },
      { role: 'assistant', content: [{ type: 'tool_use', id: 'id-1', name: tool.name, input: { city: 'Oslo' } }] },
      { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'id-1', content: '21 degrees' }] },
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
    tools: weather({ type: 'auto' }),
    'tool-by-name': weather({ type: 'tool', name: tool.name }),
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

async function responses() {
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
      { type: 'function_call', call_id: 'id-1', name: tool.name, arguments: '{"city":"Oslo"}' },
      result('id-1'),
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
    tools: weather('auto'),
    'tool-by-name': weather({ type: 'function', name: tool.name }),
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

console.log(await { anthropic, gemini, ollama, 'openai-responses': responses }[provider]());
