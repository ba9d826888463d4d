"""A bare asyncio client on aiohttp: the fastest that Python offers, and so the limit."""

import asyncio

import aiohttp

from benchmarks.clients import calls


async def make_calls(asked: calls.Calls) -> None:
    """Make the calls, with so many cases in flight."""
    connector = aiohttp.TCPConnector(limit=asked.in_flight)
    async with aiohttp.ClientSession(connector=connector) as session:

        async def post(url: str, body: bytes, token: dict[str, str]) -> bytes:
            headers = {**calls.JSON_HEADERS, **token}
            async with session.post(url, data=body, headers=headers) as answer:
                return await answer.read()

        async def get(url: str, params: dict[str, str]) -> bytes:
            async with session.get(url, params=params, headers=token) as answer:
                return await answer.read()

        token = calls.bearer(await post(*asked.login, {}))
        cases = iter(calls.case_ids(await post(*asked.listing, token)))

        async def worker() -> None:
            for case_id in cases:
                detail = await get(asked.detail, {"caseid": case_id})
                await get(asked.communications, asked.range(case_id))
                for body in calls.file_bodies(detail) if asked.files else ():
                    await post(asked.download, body, token)

        await asyncio.gather(*(worker() for _ in range(asked.in_flight)))


if __name__ == "__main__":
    asyncio.run(make_calls(calls.from_arguments()))
