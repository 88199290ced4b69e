'use strict';
// An ESME by the npm package smpp: binds, submits the messages of stdin, prints each
// response and each message that it is delivered as one line of JSON. When stdin ends and
// all is answered it unbinds and exits.
//
//	echo '[{"from":"919800000001","to":"51969","text":"HELP"}]' | node esme.js --port 2775

const {smpp, options, emit, input, event, send} = require('./peer');

const o = options({
	host: '127.0.0.1',
	port: 2775,
	system_id: 'sandbox',
	password: 'sandbox',
	bind: 'transceiver', // transmitter, receiver
	wait: 0, // messages to be delivered before it unbinds
	refuse: 0, // deliveries to refuse with ESME_RX_T_APPN first
});

let underWay = 0;
let ended = false;
let delivered = 0;
let refused = 0;

const session = smpp.connect({host: o.host, port: o.port});

function finish() {
	if (ended && underWay === 0 && delivered >= o.wait) {
		session.unbind({}, () => {
			emit('unbound', {});
			session.close();
		});
	}
}

function deliver(pdu) {
	if (refused < o.refuse) {
		refused++;
		session.send(pdu.response({command_status: smpp.ESME_RX_T_APPN}));
		return;
	}
	delivered++;
	emit(pdu.command, event(pdu));
	session.send(pdu.response());
	finish();
}

session.on('connect', () => {
	session['bind_' + o.bind]({system_id: o.system_id, password: o.password}, (resp) => {
		emit(resp.command_status === 0 ? 'bound' : 'refused', {status: resp.command_status, system_id: resp.system_id});
		if (resp.command_status !== 0) {
			session.close();
			return;
		}
		input((m) => {
			underWay++;
			send(session, 'submit_sm', m, () => {
				underWay--;
				finish();
			});
		}, () => {
			ended = true;
			finish();
		});
	});
});
session.on('deliver_sm', deliver);
session.on('data_sm', deliver);
session.on('enquire_link', (pdu) => session.send(pdu.response()));
session.on('unbind', (pdu) => {
	emit('unbind', {});
	session.send(pdu.response());
	session.close();
});
session.on('error', (err) => emit('error', {message: err.message}));
session.on('close', () => {
	emit('closed', {});
	process.exit(0);
});
