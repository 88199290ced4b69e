// Package smpp speaks the Short Message Peer-to-Peer protocol, version 3.4
// (SMPP Developers Forum, issue 1.2, October 1999), in both roles: as a client
// (ESME) that binds to an operator's SMSC, and as a server that partners bind to.
//
// # Where to start
//
// [NewClient] keeps one bind to an operator up; [Client.Send] queues a message on
// it and reports the operator's answer to a callback. [NewServer] accepts binds.
// Both hand each bound connection to the same [Session], which owns framing, the
// window of requests under way, enquire_link, time-outs and gathered writes.
// The codec (the Append and Decode functions) can be used without a connection.
//
// # What is supported
//
//   - Decoded and encoded in full: bind_transmitter, bind_receiver,
//     bind_transceiver and their responses; submit_sm, deliver_sm and data_sm
//     (one type, [ShortMessage]) and their responses; query_sm and its response;
//     alert_notification; enquire_link; unbind; generic_nack; any TLV, in order
//     and as it came.
//   - Recognised, and answered with ESME_RINVCMDID on their own response:
//     cancel_sm, replace_sm, submit_multi. Any unknown request is answered with a
//     generic_nack. outbind and alert_notification have no response in the
//     standard and get none.
//   - Delivery receipts in the text form of appendix B and as TLVs: [ParseReceipt].
//
// # Promises
//
//   - Nothing is acknowledged that the handler has not answered. A [Request] may
//     be answered later, from any goroutine, in any order, once; an answer goes to
//     the connection that the request came on or nowhere.
//   - A response is matched by command and sequence number together, because both
//     sides count independently (§3.2).
//   - A request that was sent ends in exactly one of: the peer's answer,
//     [ErrNoResponse] or [ErrLost] (the peer may or may not have taken it: ask
//     before repeating), or [ErrNotSent] (no octet of it was written).
//   - A malformed PDU is answered and the next one is served. Only a
//     command_length that destroys framing (under 16, or beyond [MaxSkip]) ends a
//     link, after a generic_nack.
//   - Memory per connection is bounded, whatever the peer sends or leaves unread.
//   - No password, address or text reaches a log line or an error.
//
// # Where the field departs from the standard
//
// The decoder takes what real peers send, as long as nothing is lost by it:
// sm_length 255 (the standard ends at 254), passwords of up to 64 octets (8),
// schedules shorter than 16 digits, responses without a body or without the NUL
// that ends a message_id, and up to three NUL octets after the last parameter.
// Everything else that breaks a length of the standard is a [Fault] with the
// status that names the field.
package smpp
