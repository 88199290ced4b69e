'use strict';
// An operator's SMSC by the npm package smpp: takes binds, delivers the messages of stdin
// to the last client that may receive, prints each message that it is submitted and each
// response as one line of JSON. When stdin ends and all is answered it exits, unless told
// to --stay.
//
//	node smsc.js --port 2776 --system_id setu --password secret --receipts

const {smpp, options, emit, input, event, send} = require('./peer');

const o = options({
	host: '127.0.0.1',
	host: '127.0.0.1',
	port: 0, // 0 takes a free one: see the event "listening"
	system_id: 'setu',
	password: 'secret',
	name: 'smsc.js', // that it calls itself
	receipts: false, // answer registered_delivery with a receipt
	throttle: 0, // submissions to refuse with ESME_RTHROTTLED first
	refuse_notify: false, // refuse USSN requests with ESME_RSUBMITFAIL
	stay: false,
});

let client = null;
let waiting = [];
let underWay = 0;
let ended = false;
let throttled = 0;
let taken = 0;

function finish() {
	if (ended && !o.stay && underWay === 0 && waiting.length === 0) {
		process.exit(0);
	}
}

function deliver(m) {
	if (!client) {
		waiting.push(m);
		return;
	}
	underWay++;
	send(client, 'deliver_sm', m, () => {
		underWay--;
		finish();
	});
}

function bind(kind, session) {
	session.on('bind_' + kind, (pdu) => {
		session.pause();
		if (pdu.system_id !== o.system_id || pdu.password !== o.password) {
			emit('refused', {system_id: pdu.system_id});
			session.send(pdu.response({command_status: smpp.ESME_RINVPASWD}));
			session.close();
			return;
		}
		session.send(pdu.response({system_id: o.name}));
		session.resume();
		emit('bound', {bind: kind, system_id: pdu.system_id, version: pdu.interface_version});
		if (kind !== 'transmitter') {
			client = session;
			waiting.splice(0).forEach(deliver);
		}
	});
}

function receipt(pdu, id) {
	const now = new Date().toISOString().replace(/[^0-9]/g, '').slice(2, 12);
	deliver({
		ref: 'receipt',
		from: pdu.destination_addr,
		to: pdu.source_addr,
		esm_class: 4,
		data_coding: 0,
		text: `id:${id} sub:001 dlvrd:001 submit date:${now} done date:${now} stat:DELIVRD err:000 text:`,
		tlvs: {receipted_message_id: id, message_state: 2},
	});
}

function submit(session, pdu) {
	if (throttled < o.throttle) {
		throttled++;
		session.send(pdu.response({command_status: smpp.ESME_RTHROTTLED}));
		return;
	}
	if (o.refuse_notify && pdu.ussd_service_op === 3) {
		emit('unnotified', event(pdu));
		session.send(pdu.response({command_status: smpp.ESME_RSUBMITFAIL}));
		return;
	}
	taken++;
	const id = taken.toString(16).padStart(8, '0');
	emit(pdu.command, Object.assign({message_id: id}, event(pdu)));
	session.send(pdu.response({message_id: id}));
	if (o.receipts && pdu.registered_delivery & 1) {
		receipt(pdu, id);
	}
}

const server = smpp.createServer((session) => {
	['transceiver', 'transmitter', 'receiver'].forEach((kind) => bind(kind, session));
	session.on('submit_sm', (pdu) => submit(session, pdu));
	session.on('data_sm', (pdu) => submit(session, pdu));
	session.on('query_sm', (pdu) => session.send(pdu.response({message_id: pdu.message_id, message_state: 2})));
	session.on('enquire_link', (pdu) => session.send(pdu.response()));
	session.on('unbind', (pdu) => {
		emit('unbind', {});
		session.send(pdu.response());
		session.close();
	});
	session.on('unknown', (pdu) => session.send(pdu.response()));
	session.on('error', (err) => emit('error', {message: err.message}));
	session.on('close', () => {
		emit('closed', {});
		if (client === session) {
			client = null;
		}
	});
});
server.listen(o.port, o.host, () => emit('listening', {port: server.address().port}));
input(deliver, () => {
	ended = true;
	finish();
});
