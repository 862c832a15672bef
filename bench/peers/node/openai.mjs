import OpenAI from "openai";
import { KEY, serve } from "./common.mjs";

await serve((url) => {
  const client = new OpenAI({ baseURL: url, apiKey: KEY });
  const question = (prompt) => ({ model: "any", messages: [{ role: "user", content: prompt }] });
  return {
    answer: async (prompt) => (await client.chat.completions.create(question(prompt))).choices[0].message.content,
    stream: async (prompt) => {
      let texts = 0;
      const stream = await client.chat.completions.create({ ...question(prompt), stream: true });
      for await (const chunk of stream) if (chunk.choices[0]?.delta?.content) texts++;
      return texts;
    },
  };
});
