import os

os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"  # otherwise the import would fetch a list of prices
import litellm  # noqa: E402

import common  # noqa: E402

litellm.telemetry = False


class Client:
    def __init__(self, url):
        self.target = {"model": "openai/any", "api_base": url, "api_key": common.KEY}

    def question(self, prompt):
        return {"messages": [{"role": "user", "content": prompt}], **self.target}

    def answer(self, prompt):
        return litellm.completion(**self.question(prompt)).choices[0].message.content

    def pieces(self, prompt):
        chunks = litellm.completion(stream=True, **self.question(prompt))
        return (chunk for chunk in chunks if chunk.choices and chunk.choices[0].delta.content)

    def stream(self, prompt):
        return sum(1 for _ in self.pieces(prompt))

    async def answer_async(self, prompt):
        return (await litellm.acompletion(**self.question(prompt))).choices[0].message.content

    async def stream_async(self, prompt):
        chunks = await litellm.acompletion(stream=True, **self.question(prompt))
        return sum([1 async for chunk in chunks if chunk.choices and chunk.choices[0].delta.content])


common.serve(Client)
