#!/usr/bin/env python3
"""The makers' own clients take beluga-peer for the batch APIs of OpenAI, Azure, Groq, Together, Anthropic,
Google and Mistral. TAP.

    test_batch_clients.py BELUGA_PEER

scripts/fetch-clients python fetches the clients; without them this is skipped.
"""
import json
import os
import subprocess
import sys
import tempfile

from batch_peer import Peer, run, wait_until

PROGRAM = sys.argv[1]
FETCH = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "scripts", "fetch-clients")


def missing():
    """Why the clients can't be used; None when they are there."""
    asked = subprocess.run([FETCH, "--installed", "python"], capture_output=True, text=True, check=False)
    if asked.returncode != 0:
        return asked.stderr.strip()
    folder = subprocess.run([FETCH, "--path", "python"], capture_output=True, text=True, check=True).stdout.strip()
    if folder not in sys.path:
        sys.path.insert(0, folder)
    return None


def line(number, path, body):
    return json.dumps({"custom_id": f"r{number}", "method": "POST", "url": path, "body": {"model": "m", **body}})


def upload(client, path, bodies):
    data = "\n".join(line(i, path, body) for i, body in enumerate(bodies)).encode()
    return client.files.create(file=("in.jsonl", data), purpose="batch")


def ended(client, job, states):
    return wait_until(lambda: next((got for got in [client.retrieve(job)] if got.status in states), None))


def openai_client(peer, prefix=""):
    import openai  # pylint: disable=import-outside-toplevel
    if prefix == "azure":
        return openai.AzureOpenAI(azure_endpoint=peer.base, api_version="2024-10-21", api_key="key", max_retries=0)
    return openai.OpenAI(base_url=f"{peer.base}{prefix}/v1", api_key="key", max_retries=0)


def openai_makes_and_reads_a_batch():
    reason = missing()
    if reason:
        return reason
    from openai.types.chat import ChatCompletion  # pylint: disable=import-outside-toplevel
    for prefix in ("", "/openai", "azure"):
        with Peer(PROGRAM, "--batch-polls", "10") as peer:
            client = openai_client(peer, prefix)
            bodies = [{"messages": [{"role": "user", "content": f"say {i}" + (" fail-429" if i == 3 else "")}]} for i in range(9)]
            file = upload(client, "/v1/chat/completions", bodies)
            job = client.batches.create(input_file_id=file.id, endpoint="/v1/chat/completions", completion_window="24h",
                                        metadata={"chunk": "7"})
            assert job.status == "validating" and job.metadata == {"chunk": "7"}
            job = ended(client.batches, job.id, ("completed",))
            assert (job.request_counts.total, job.request_counts.completed, job.request_counts.failed) == (9, 8, 1)
            for text in client.files.content(job.output_file_id).text.splitlines():
                result = json.loads(text)
                answer = ChatCompletion.model_validate(result["response"]["body"])
                assert answer.choices[0].message.content == f"echo: say {result['custom_id'][1:]}"
                assert answer.usage.total_tokens > 0
            failed = json.loads(client.files.content(job.error_file_id).text)
            assert failed["custom_id"] == "r3" and failed["response"]["status_code"] == 429
            assert [listed.id for listed in client.batches.list(limit=1)] == [job.id]
            assert client.files.delete(file.id).deleted and client.files.retrieve(job.output_file_id).purpose == "batch_output"
    return None


def openai_reads_responses():
    reason = missing()
    if reason:
        return reason
    from openai.types.responses import Response  # pylint: disable=import-outside-toplevel
    with Peer(PROGRAM, "--batch-seconds", "0") as peer:
        client = openai_client(peer)
        file = upload(client, "/v1/responses", [{"input": "hello"}])
        job = client.batches.create(input_file_id=file.id, endpoint="/v1/responses", completion_window="24h")
        job = ended(client.batches, job.id, ("completed",))
        result = json.loads(client.files.content(job.output_file_id).text)
        assert Response.model_validate(result["response"]["body"]).output_text == "echo: hello"
    return None


def vector(text, dimensions=3):
    return [ord(text[i % len(text)]) / 128 for i in range(dimensions)]


def openai_reads_vectors():
    reason = missing()
    if reason:
        return reason
    import base64  # pylint: disable=import-outside-toplevel
    import struct  # pylint: disable=import-outside-toplevel
    from openai.types import CreateEmbeddingResponse  # pylint: disable=import-outside-toplevel
    with Peer(PROGRAM, "--batch-seconds", "0") as peer:
        client = openai_client(peer)
        file = upload(client, "/v1/embeddings", [{"input": ["one", "two"], "dimensions": 4}, {"input": "one"},
                                                 {"input": "one", "encoding_format": "base64"}])
        job = client.batches.create(input_file_id=file.id, endpoint="/v1/embeddings", completion_window="24h")
        job = ended(client.batches, job.id, ("completed",))
        results = {got["custom_id"]: got["response"]["body"] for got in map(json.loads, client.files.content(
            job.output_file_id).text.splitlines())}
        whole = CreateEmbeddingResponse.model_validate(results["r0"])
        assert [item.embedding for item in whole.data] == [vector("one", 4), vector("two", 4)], whole
        assert [item.index for item in whole.data] == [0, 1] and whole.usage.total_tokens == 2, whole
        assert CreateEmbeddingResponse.model_validate(results["r1"]).data[0].embedding == vector("one")
        packed = base64.b64decode(results["r2"]["data"][0]["embedding"])
        assert list(struct.unpack("<3f", packed)) == vector("one")
    return None


def openai_sees_what_goes_wrong():
    reason = missing()
    if reason:
        return reason
    import openai  # pylint: disable=import-outside-toplevel
    with Peer(PROGRAM, "--batch-polls", "10", "--fault", "lost-create:3") as peer:
        client = openai_client(peer)
        file = upload(client, "/v1/chat/completions", [{"messages": []}] * 2)
        make = {"input_file_id": file.id, "endpoint": "/v1/chat/completions", "completion_window": "24h"}
        job = client.batches.create(**make)
        assert client.batches.cancel(job.id).status == "cancelling"
        assert ended(client.batches, job.id, ("cancelled",)).cancelled_at
        wrong = client.files.create(file=("in.jsonl", b"no JSON"), purpose="batch")
        job = ended(client.batches, client.batches.create(**{**make, "input_file_id": wrong.id}).id, ("failed",))
        assert job.errors.data[0].code == "invalid_json_line" and job.errors.data[0].line == 1
        for expected, call in ((openai.NotFoundError, lambda: client.batches.retrieve("batch_no")),
                               (openai.APIConnectionError, lambda: client.batches.create(**make))):
            try:
                call()
                raise RuntimeError(f"no {expected.__name__}")
            except expected:
                pass
        assert len(list(client.batches.list())) == 3
    return None


def openai_waits_for_a_file():
    reason = missing()
    if reason:
        return reason
    with Peer(PROGRAM, "--batch-seconds", "0", "--fault", "pending-file") as peer:
        client = openai_client(peer, "azure")
        file = upload(client, "/chat/completions", [{"messages": []}])
        assert file.status == "pending" and client.files.wait_for_processing(file.id, poll_interval=0).status == "processed"
        make = {"input_file_id": file.id, "endpoint": "/chat/completions", "completion_window": "24h"}
        assert ended(client.batches, client.batches.create(**make).id, ("completed",)).request_counts.completed == 1
    return None


def groq_makes_and_reads_a_batch():
    reason = missing()
    if reason:
        return reason
    import groq  # pylint: disable=import-outside-toplevel
    with Peer(PROGRAM, "--batch-polls", "6") as peer:
        client = groq.Groq(base_url=peer.base, api_key="key", max_retries=0)
        path = "/v1/chat/completions"
        file = upload(client, path, [{"messages": [{"role": "user", "content": "hello"}]}])
        assert client.files.info(file.id).bytes == file.bytes and [listed.id for listed in client.files.list().data] == [file.id]
        job = client.batches.create(input_file_id=file.id, endpoint=path, completion_window="24h", metadata={"chunk": "7"})
        second = client.batches.create(input_file_id=file.id, endpoint=path, completion_window="7d")
        assert client.batches.cancel(second.id).status == "cancelling"
        job = ended(client.batches, job.id, ("completed",))
        assert job.metadata == {"chunk": "7"} and job.request_counts.completed == 1 and job.error_file_id is None
        result = json.loads(client.files.content(job.output_file_id).text())
        assert result["response"]["body"]["choices"][0]["message"]["content"] == "echo: hello"
        assert [listed.id for listed in client.batches.list().data] == [second.id, job.id]
        assert client.files.delete(file.id).deleted
    return None


def together_makes_and_reads_a_batch():
    reason = missing()
    if reason:
        return reason
    import together  # pylint: disable=import-outside-toplevel
    with Peer(PROGRAM, "--batch-polls", "6") as peer, tempfile.TemporaryDirectory() as folder:
        client = together.Together(base_url=f"{peer.base}/together", api_key="key", max_retries=0)
        name = os.path.join(folder, "in.jsonl")
        with open(name, "w", encoding="utf-8") as out:
            for i, text in enumerate(("hello", "fail-400")):
                out.write(json.dumps({"custom_id": f"r{i}", "body": {"model": "m", "messages": [
                    {"role": "user", "content": text}]}}) + "\n")
        file = client.files.upload(name, purpose="batch-api")
        assert client.files.retrieve(file.id).bytes == file.bytes == os.path.getsize(name)
        job = client.batches.create(input_file_id=file.id, endpoint="/v1/chat/completions").job
        assert job.status == "VALIDATING" and job.progress == 0 and job.job_deadline > job.created_at
        job = ended(client.batches, job.id, ("COMPLETED",))
        assert job.progress == 100 and job.completed_at >= job.created_at
        result = json.loads(client.files.content(job.output_file_id).read())
        assert result["custom_id"] == "r0" and result["response"]["status_code"] == 200
        assert json.loads(client.files.content(job.error_file_id).read())["custom_id"] == "r1"
        second = client.batches.create(input_file_id=file.id, endpoint="/v1/chat/completions").job
        assert client.batches.cancel(second.id).id == second.id
        assert [listed.id for listed in client.batches.list()] == [second.id, job.id]
        assert client.files.delete(file.id).deleted and file.id not in [left.id for left in client.files.list().data]
    return None


def anthropic_makes_and_reads_a_batch():
    reason = missing()
    if reason:
        return reason
    import anthropic  # pylint: disable=import-outside-toplevel
    with Peer(PROGRAM, "--batch-polls", "6") as peer:
        batches = anthropic.Anthropic(base_url=peer.base, api_key="key", max_retries=0).messages.batches
        asked = [f"say {i}" + (" fail-quota" if i == 2 else "") for i in range(5)]
        job = batches.create(requests=[{"custom_id": f"r{i}", "params": {"model": "m", "max_tokens": 9, "messages": [
            {"role": "user", "content": text}]}} for i, text in enumerate(asked)])
        assert job.processing_status == "in_progress" and job.request_counts.processing == 5 and job.results_url is None
        wait_until(lambda: batches.retrieve(job.id).processing_status == "ended")
        counts = batches.retrieve(job.id).request_counts
        assert (counts.processing, counts.succeeded, counts.errored) == (0, 4, 1)
        for result in batches.results(job.id):
            text = asked[int(result.custom_id[1:])]
            if result.result.type == "succeeded":
                assert result.result.message.content[0].text == f"echo: {text}" and result.result.message.usage.output_tokens
            else:
                assert "credit balance is too low" in result.result.error.error.message
        second = batches.create(requests=[{"custom_id": "a", "params": {"model": "m", "max_tokens": 9, "messages": []}}])
        assert batches.cancel(second.id).processing_status == "canceling"
        assert [listed.id for listed in batches.list(limit=1)] == [second.id, job.id]
        assert batches.delete(job.id).type == "message_batch_deleted"
        try:
            batches.retrieve(job.id)
            raise RuntimeError("the batch is still there")
        except anthropic.NotFoundError:
            pass
    return None


def gemini_client(peer):
    from google import genai  # pylint: disable=import-outside-toplevel
    return genai.Client(vertexai=False, api_key="key", http_options={"base_url": peer.base})


def gemini_ended(client, job, state="JOB_STATE_SUCCEEDED"):
    return wait_until(lambda: next((got for got in [client.batches.get(name=job)] if got.state.name == state), None))


def gemini_upload(client, texts):
    with tempfile.NamedTemporaryFile("w", suffix=".jsonl") as file:
        for i, text in enumerate(texts):
            request = {"contents": [{"role": "user", "parts": [{"text": text}]}]}
            file.write(json.dumps({"key": f"r{i}", "request": request}) + "\n")
        file.flush()
        return client.files.upload(file=file.name, config={"display_name": "in", "mime_type": "application/jsonl"})


def gemini_makes_and_reads_a_batch_of_a_file():
    reason = missing()
    if reason:
        return reason
    from google.genai.errors import ClientError  # pylint: disable=import-outside-toplevel
    from google.genai.types import GenerateContentResponse  # pylint: disable=import-outside-toplevel
    with Peer(PROGRAM, "--batch-polls", "6") as peer:
        client = gemini_client(peer)
        file = gemini_upload(client, ["say 0", "say 1 fail-429"])
        assert client.files.get(name=file.name).state.name == "ACTIVE" and file.size_bytes > 100
        job = client.batches.create(model="m", src=file.name, config={"display_name": "seven"})
        assert (job.state.name, job.display_name, job.model) == ("JOB_STATE_PENDING", "seven", "models/m")
        job = gemini_ended(client, job.name)
        lines = [json.loads(line) for line in client.files.download(file=job.dest.file_name).decode().splitlines()]
        results = {line["key"]: line for line in lines}
        assert GenerateContentResponse.model_validate(results["r0"]["response"]).text == "echo: say 0"
        assert set(results["r1"]["error"]) == {"code", "message"} and results["r1"]["error"]["code"] == 8
        assert [listed.name for listed in client.files.list(config={"page_size": 1})] == [job.dest.file_name, file.name]
        client.files.delete(name=file.name)
        try:
            client.files.delete(name=job.dest.file_name)
            raise RuntimeError("a name of more than 40 characters was deleted")
        except ClientError as error:
            assert error.code == 400
        client.batches.delete(name=job.name)
        for gone in (lambda: client.batches.get(name=job.name), lambda: client.files.get(name=file.name)):
            try:
                gone()
                raise RuntimeError("it is still there")
            except ClientError as error:
                assert error.code == 404
    return None


def gemini_reads_vectors():
    reason = missing()
    if reason:
        return reason
    from google.genai.types import SingleEmbedContentResponse  # pylint: disable=import-outside-toplevel
    with Peer(PROGRAM, "--batch-seconds", "0") as peer, tempfile.NamedTemporaryFile("w", suffix=".jsonl") as file:
        client = gemini_client(peer)
        request = {"content": {"parts": [{"text": "one"}]}, "outputDimensionality": 4}
        file.write(json.dumps({"key": "r0", "request": request}) + "\n")
        file.flush()
        sent = client.files.upload(file=file.name, config={"display_name": "in", "mime_type": "application/jsonl"})
        job = client.batches.create_embeddings(model="m", src={"file_name": sent.name}, config={"display_name": "v"})
        job = gemini_ended(client, job.name)
        result = json.loads(client.files.download(file=job.dest.file_name))
        response = SingleEmbedContentResponse.model_validate(result["response"])
        assert result["key"] == "r0" and response.embedding.values == vector("one", 4) and response.token_count == 1, result
    return None


def gemini_makes_and_reads_a_batch_of_a_list():
    reason = missing()
    if reason:
        return reason
    with Peer(PROGRAM, "--batch-polls", "6") as peer:
        client = gemini_client(peer)
        asked = [{"contents": [{"role": "user", "parts": [{"text": text}]}], "metadata": {"key": text}}
                 for text in ("hi", "fail-500")]
        names = [client.batches.create(model="m", src=asked, config={"display_name": f"j{i}"}).name for i in range(3)]
        results = gemini_ended(client, names[0]).dest.inlined_responses
        assert {result.metadata["key"] for result in results} == {"hi", "fail-500"}
        assert sorted(result.error.code if result.error else 0 for result in results) == [0, 13]
        client.batches.cancel(name=names[1])
        gemini_ended(client, names[1], "JOB_STATE_CANCELLED")
        assert [listed.name for listed in client.batches.list(config={"page_size": 2})] == names[::-1]
    return None


def mistral_client(peer):
    from mistralai.client import Mistral  # pylint: disable=import-outside-toplevel
    return Mistral(api_key="key", server_url=peer.base)


def mistral_ended(jobs, job, status="SUCCESS"):
    return wait_until(lambda: next((got for got in [jobs.get(job_id=job)] if got.status == status), None))


def mistral_makes_and_reads_a_batch():
    reason = missing()
    if reason:
        return reason
    with Peer(PROGRAM, "--batch-polls", "6") as peer:
        client = mistral_client(peer)
        texts = ["say 0", "say 1 fail-429"]
        asked = [{"custom_id": f"r{i}", "body": {"messages": [{"role": "user", "content": text}]}}
                 for i, text in enumerate(texts)]
        data = "\n".join(json.dumps(request) for request in asked).encode()
        file = client.files.upload(file={"file_name": "in.jsonl", "content": data}, purpose="batch")
        assert client.files.retrieve(file_id=file.id).num_lines == 2 and client.files.list().total == 1
        assert client.files.get_signed_url(file_id=file.id).url.startswith(peer.base)
        make = {"model": "m", "endpoint": "/v1/chat/completions", "metadata": {"chunk": "7"}}
        job = client.batch.jobs.create(input_files=[file.id], **make)
        assert (job.status, job.metadata, job.total_requests) == ("QUEUED", {"chunk": "7"}, 2)
        job = mistral_ended(client.batch.jobs, job.id)
        assert (job.succeeded_requests, job.failed_requests) == (1, 1)
        answer = json.loads(client.files.download(file_id=job.output_file).read())
        assert answer["response"]["body"]["choices"][0]["message"]["content"] == "echo: say 0"
        failed = json.loads(client.files.download(file_id=job.error_file).read())
        assert (failed["custom_id"], failed["response"]["status_code"]) == ("r1", 429)
        assert len(client.batch.jobs.get(job_id=job.id, inline=True).outputs) == 2
        listed = client.batch.jobs.create(requests=asked, **make)
        assert len(mistral_ended(client.batch.jobs, listed.id).outputs) == 2
        third = client.batch.jobs.create(requests=asked, **make)
        assert client.batch.jobs.cancel(job_id=third.id).status == "CANCELLATION_REQUESTED"
        mistral_ended(client.batch.jobs, third.id, "CANCELLED")
        pages = [client.batch.jobs.list(page=page, page_size=2) for page in range(3)]
        assert [[got.id for got in page.data] for page in pages] == [[third.id, listed.id], [job.id], []]
        assert {page.total for page in pages} == {3}
        assert client.batch.jobs.delete(job_id=job.id).deleted and client.files.delete(file_id=file.id).deleted
    return None


if __name__ == "__main__":
    sys.exit(run([openai_makes_and_reads_a_batch, openai_reads_responses, openai_reads_vectors,
                  openai_sees_what_goes_wrong, openai_waits_for_a_file, groq_makes_and_reads_a_batch, together_makes_and_reads_a_batch,
                  anthropic_makes_and_reads_a_batch, gemini_makes_and_reads_a_batch_of_a_file,
                  gemini_reads_vectors, gemini_makes_and_reads_a_batch_of_a_list,
                  mistral_makes_and_reads_a_batch]))
