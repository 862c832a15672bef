import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { generateText, streamText } from "ai";
import { KEY, serve } from "./common.mjs";

await serve((url) => {
  const model = createOpenAICompatible({ name: "peer", baseURL: url, apiKey: KEY })("any");
  const question = (prompt) => ({ model, messages: [{ role: "user", content: prompt }] });
  return {
    answer: async (prompt) => (await generateText(question(prompt))).text,
    stream: async (prompt) => {
      let texts = 0;
      for await (const text of streamText(question(prompt)).textStream) if (text) texts++;
      return texts;
    },
  };
});
