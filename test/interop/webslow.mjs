// The web app on slow networks: node webslow.mjs BASE. Prints one line of JSON for each.

import assert from 'node:assert/strict';
import { choose, launch, type } from './visitor.mjs';

const [base] = process.argv.slice(2);
const { visitor, faults, close } = await launch(base);

// As the throttling of Chromium's own tools has them: bits per second, ms of a round trip, and how
// long a first visit and an answer may take, ms.
const networks = [
	{ name: 'GPRS', down: 50_000, up: 20_000, latency: 500, first: 30_000, answer: 5_000 },
	{ name: '2G', down: 250_000, up: 50_000, latency: 300, first: 10_000, answer: 2_500 },
];
for (const n of networks) {
	let octets = 0;
	const begun = Date.now();
	const { context, page } = await visitor('bn-IN', async (context, page) => {
		const tools = await context.newCDPSession(page);
		await tools.send('Network.enable');
		tools.on('Network.loadingFinished', (e) => { octets += e.encodedDataLength; });
		await tools.send('Network.emulateNetworkConditions', {
			offline: false, latency: n.latency, downloadThroughput: n.down / 8, uploadThroughput: n.up / 8,
		});
	});
	const first = Date.now() - begun;
	const loaded = octets;
	await page.click("a[href='#/s/document']");
	await choose(page, 0);
	const asked = Date.now();
	await type(page, 'WB10000001');
	await page.waitForSelector('.answer');
	const answer = Date.now() - asked;
	console.log(JSON.stringify({ network: n.name, first_ms: first, first_octets: loaded, answer_ms: answer }));
	assert.ok(first < n.first, `a first visit over ${n.name} took ${first} ms`);
	assert.ok(answer < n.answer, `an answer over ${n.name} took ${answer} ms`);
	assert.ok(loaded < 80 << 10, `a first visit loads ${loaded} octets`);
	await context.close();
}
await close();
assert.deepEqual(faults, []);
