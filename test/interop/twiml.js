'use strict';
// A call as Twilio conducts it: npm's twilio signs each webhook, and what is answered is
// parsed, followed and rebuilt. The outcome is printed as lines of JSON.
//
//   node twiml.js BASE TOKEN FROM KEYS...

const twilio = require('twilio');
const {XMLParser, XMLValidator} = require('fast-xml-parser');

const [base, token, from, ...keys] = process.argv.slice(2);
const sid = 'CA' + require('crypto').randomBytes(16).toString('hex');
const parser = new XMLParser({ignoreAttributes: false, attributeNamePrefix: '', preserveOrder: true});

const print = (o) => process.stdout.write(JSON.stringify(o) + '\n');

// post sends a webhook, signed with a token over a URL.
async function post(url, fields, by = token, over = url) {
	return fetch(url, {
		method: 'POST',
		headers: {
			'Content-Type': 'application/x-www-form-urlencoded',
			...(by && {'X-Twilio-Signature': twilio.getExpectedTwilioSignature(by, over, fields)}),
		},
		body: new URLSearchParams(fields),
	});
}

// verbs parses a document into {name, attributes, text, verbs}.
function verbs(xml) {
	const wrong = XMLValidator.validate(xml);
	if (wrong !== true) {
		throw new Error(`${JSON.stringify(wrong)} in ${xml}`);
	}
	const read = (nodes) => nodes.filter((n) => !('#text' in n) && !('?xml' in n)).map((n) => {
		const name = Object.keys(n).find((k) => k !== ':@');
		const text = n[name].filter((c) => '#text' in c).map((c) => c['#text']).join('');
		return {name, attributes: n[':@'] || {}, text, verbs: read(n[name])};
	});
	const [response] = read(parser.parse(xml));
	if (!response || response.name !== 'Response') {
		throw new Error(`no Response in ${xml}`);
	}
	return response.verbs;
}

// rebuilt makes the document anew with the package's own builder, which knows the
// verbs and what may stand in which.
function rebuilt(list) {
	const add = (to, one) => {
		const make = to[one.name.toLowerCase()];
		if (!make) {
			throw new Error(`twilio knows no ${one.name} here`);
		}
		const made = ['Hangup', 'Gather', 'Reject', 'Pause'].includes(one.name)
			? make.call(to, one.attributes) : make.call(to, one.attributes, one.text);
		one.verbs.forEach((v) => add(made, v));
	};
	const response = new twilio.twiml.VoiceResponse();
	list.forEach((v) => add(response, v));
	return response.toString();
}

// sound fetches what is played, and gives its seconds.
async function sound(list) {
	let seconds = 0;
	for (const one of list) {
		if (one.name === 'Play') {
			const res = await fetch(one.text);
			const body = Buffer.from(await res.arrayBuffer());
			if (!res.ok || body.toString('latin1', 0, 4) !== 'RIFF' || body.toString('latin1', 8, 12) !== 'WAVE') {
				throw new Error(`${res.status} for a clip`);
			}
			seconds += (body.length - 44) / 16000;
		}
		seconds += await sound(one.verbs);
	}
	return seconds;
}

async function main() {
	const fields = {CallSid: sid, AccountSid: 'AC1', From: from, To: '+913322000000', CallStatus: 'in-progress', Direction: 'inbound'};
	const first = base + '/voice';
	print({
		event: 'refused',
		unsigned: (await post(first, fields, '')).status,
		other: (await post(first, fields, 'wrong')).status,
		elsewhere: (await post(first, fields, token, first.replace('http:', 'https:'))).status,
		changed: (await post(first + '?n=1', fields, token, first)).status,
	});

	let url = first;
	let digits = {};
	let steps = 0;
	let again = true;
	for (;;) {
		const res = await post(url, {...fields, ...digits});
		const xml = await res.text();
		if (res.status !== 200 || !res.headers.get('content-type').startsWith('application/xml')) {
			throw new Error(`${res.status} ${res.headers.get('content-type')}`);
		}
		const twice = await (await post(url, {...fields, ...digits})).text();
		again = again && twice === xml; // a webhook that is delivered again
		const list = verbs(xml);
		if (JSON.stringify(verbs(rebuilt(list))) !== JSON.stringify(list)) {
			throw new Error(`${xml}\nis rebuilt as\n${rebuilt(list)}`);
		}
		steps++;
		const last = list.at(-1);
		const seconds = await sound(list);
		if (seconds < 0.5) {
			throw new Error(`nothing is heard in ${xml}`);
		}
		if (last.name === 'Hangup') {
			break;
		}
		if (last.name !== 'Gather' || last.attributes.input !== 'dtmf' || !(last.attributes.timeout > 0) || last.attributes.actionOnEmptyResult !== 'true') {
			throw new Error(`no Gather for keys in ${xml}`);
		}
		if (!keys.length) {
			throw new Error(`the call goes on with ${xml}`);
		}
		url = last.attributes.action;
		digits = {Digits: keys.shift()};
		if (digits.Digits.length > Number(last.attributes.numDigits)) {
			throw new Error(`${digits.Digits} does not fit ${xml}`);
		}
	}
	const status = await post(base + '/status', {...fields, CallStatus: 'completed', CallDuration: '60'});
	print({event: 'over', steps, left: keys.length, again, status: status.status});
}

main().catch((e) => {
	process.stderr.write(`${e.stack}\n`);
	process.exit(1);
});
