from openai import AsyncOpenAI, OpenAI

import common


class Client:
    def __init__(self, url):
        self.plain = OpenAI(base_url=url, api_key=common.KEY, timeout=600)
        self.other = AsyncOpenAI(base_url=url, api_key=common.KEY, timeout=600)

    @staticmethod
    def question(prompt):
        return {"model": "any", "messages": [{"role": "user", "content": prompt}]}

    def answer(self, prompt):
        return self.plain.chat.completions.create(**self.question(prompt)).choices[0].message.content

    def pieces(self, prompt):
        chunks = self.plain.chat.completions.create(stream=True, **self.question(prompt))
        return (chunk for chunk in chunks if chunk.choices and chunk.choices[0].delta.content)

    def stream(self, prompt):
        return sum(1 for _ in self.pieces(prompt))

    async def answer_async(self, prompt):
        return (await self.other.chat.completions.create(**self.question(prompt))).choices[0].message.content

    async def stream_async(self, prompt):
        chunks = await self.other.chat.completions.create(stream=True, **self.question(prompt))
        return sum([1 async for chunk in chunks if chunk.choices and chunk.choices[0].delta.content])


common.serve(Client)
