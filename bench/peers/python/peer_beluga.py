from libbeluga import Model

import common


class Client:
    def __init__(self, url):
        self.model = Model("openai/any", base_url=url, api_key=common.KEY, timeout="10m", connect_timeout="10m")  # like openai's

    def answer(self, prompt):
        return self.model.generate(prompt).text

    def stream(self, prompt):
        return sum(1 for _ in self.model.stream(prompt).text)

    def pieces(self, prompt):
        return self.model.stream(prompt).text

    async def answer_async(self, prompt):
        return (await self.model.agenerate(prompt)).text

    async def stream_async(self, prompt):
        return sum([1 async for _ in self.model.stream(prompt).text])


common.serve(Client)
