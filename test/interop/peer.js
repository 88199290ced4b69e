'use strict';
// What smsc.js and esme.js share: options, messages in on stdin, events out on stdout.

const readline = require('readline');
const smpp = require('smpp');

// Comverse's name of a dialogue, which the library does not know.
smpp.addTLV('ussd_session_id', {id: 0x1501, type: smpp.types.tlv.buffer});

// options reads "--name value" pairs over the defaults; "--name" alone means true.
function options(defaults) {
	const o = Object.assign({}, defaults);
	const args = process.argv.slice(2);
	for (let i = 0; i < args.length; i++) {
		const name = args[i].replace(/^--/, '');
		if (!(name in defaults)) {
			process.stderr.write(`unknown option ${args[i]}; known: ${Object.keys(defaults).join(', ')}\n`);
			process.exit(2);
		}
		if (typeof defaults[name] === 'boolean') {
			o[name] = true;
		} else {
			i++;
			o[name] = typeof defaults[name] === 'number' ? Number(args[i]) : args[i];
		}
	}
	return o;
}

function emit(event, fields) {
	process.stdout.write(JSON.stringify(Object.assign({event}, fields)) + '\n');
}

// input calls each message of stdin: one JSON object, or an array of them, on each line.
// end is called when stdin ends.
function input(each, end) {
	const lines = readline.createInterface({input: process.stdin});
	lines.on('line', (line) => {
		if (line.trim() === '') {
			return;
		}
		for (const m of [].concat(JSON.parse(line))) {
			each(m);
		}
	});
	lines.on('close', end);
}

const octets = (hex) => Buffer.from(hex, 'hex');

// content gives the text of a PDU: as a string where the library knows the alphabet, in
// hexadecimal where it does not, and its user data header beside it.
function content(pdu) {
	let sm = pdu.short_message;
	if ((!sm || !sm.message || sm.message.length === 0) && pdu.message_payload !== undefined) {
		sm = pdu.message_payload;
	}
	const out = {};
	const message = sm && sm.message !== undefined ? sm.message : sm;
	if (Buffer.isBuffer(message)) {
		out.hex = message.toString('hex');
	} else {
		out.text = message || '';
	}
	if (sm && sm.udh) {
		out.udh = sm.udh.map((ie) => ie.toString('hex'));
	}
	return out;
}

// event gives what a test wants to know of a message PDU.
function event(pdu) {
	const tlvs = {};
	for (const name of Object.keys(smpp.tlvs)) {
		if (pdu[name] !== undefined && name !== 'message_payload') {
			tlvs[name] = Buffer.isBuffer(pdu[name]) ? pdu[name].toString('hex') : pdu[name];
		}
	}
	for (const name of Object.keys(pdu)) {
		if (/^\d+$/.test(name)) {
			tlvs['0x' + Number(name).toString(16)] = pdu[name].toString('hex');
		}
	}
	return Object.assign({
		seq: pdu.sequence_number,
		service_type: pdu.service_type,
		from: pdu.source_addr,
		to: pdu.destination_addr,
		esm_class: pdu.esm_class,
		data_coding: pdu.data_coding,
		registered_delivery: pdu.registered_delivery,
		tlvs,
	}, content(pdu));
}

// fields gives the library's form of a message of stdin:
// {from, to, text | hex, service_type, data_coding, esm_class, registered_delivery, payload, tlvs}.
// payload: true sends the text in message_payload. tlvs has the library's names; one of
// octets is given in hexadecimal.
function fields(m) {
	const f = {
		source_addr: m.from || '',
		destination_addr: m.to || '',
		service_type: m.service_type || '',
		esm_class: m.esm_class || 0,
		registered_delivery: m.registered_delivery || 0,
	};
	if (m.data_coding !== undefined) {
		f.data_coding = m.data_coding;
	}
	const text = m.hex !== undefined ? octets(m.hex) : (m.text || '');
	if (m.payload || m.command === 'data_sm') {
		f.message_payload = {message: text};
	} else {
		f.short_message = text;
	}
	for (const name of Object.keys(m.tlvs || {})) {
		const value = m.tlvs[name];
		const wantsOctets = smpp.tlvs[name] && smpp.tlvs[name].type === smpp.types.tlv.buffer;
		f[name] = wantsOctets && typeof value === 'string' ? octets(value) : value;
	}
	return f;
}

// send sends m as command on session and tells of the response.
function send(session, command, m, then) {
	session[m.command || command](fields(m), (resp) => {
		emit('response', {
			ref: m.ref,
			command: resp.command,
			status: resp.command_status,
			message_id: resp.message_id || '',
		});
		then();
	}, undefined, () => {
		emit('error', {message: 'not sent', ref: m.ref});
		then();
	});
}

module.exports = {smpp, options, emit, input, event, send};
