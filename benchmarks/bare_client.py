"""A bare asyncio client on aiohttp: the fastest that Python offers, and so the limit.

It makes the calls of an incident run, reads each body and does nothing with it.
"""

import asyncio

import aiohttp

from benchmarks.others import HOST, IN_FLIGHT, MIDNIGHT, SINCE, UNTIL, listed, log_in


async def main() -> None:
    """Make the calls, with so many cases in flight."""
    bearer = log_in()
    cases = iter(dict.fromkeys(row["caseId"] for row in listed(SINCE, bearer)))
    # as a run requests messages
    bounds = {"fromdate": str(MIDNIGHT), "todate": str(UNTIL)}
    connector = aiohttp.TCPConnector(limit=IN_FLIGHT)
    headers = {"Authorization": f"Bearer {bearer}", "Content-Type": "application/json"}
    async with aiohttp.ClientSession(connector=connector, headers=headers) as session:

        async def get(action: str, params: dict[str, str]) -> bytes:
            url = f"{HOST}/api/ThreatManagement/{action}"
            async with session.get(url, params=params) as answer:
                return await answer.read()

        async def worker() -> None:
            for case_id in cases:
                await get("CaseDetail", {"caseid": case_id})
                await get("FetchCaseCommunications", {"caseid": case_id, **bounds})

        await asyncio.gather(*(worker() for _ in range(IN_FLIGHT)))


if __name__ == "__main__":
    asyncio.run(main())
