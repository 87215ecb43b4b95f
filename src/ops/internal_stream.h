#pragma once

// What the internal server and the control socket talk through: TCP or a unix socket.

#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/beast/core/basic_stream.hpp>

namespace howdah::ops {

using InternalSocket = boost::asio::generic::stream_protocol::socket;
// With a limit of time.
using InternalStream = boost::beast::basic_stream<boost::asio::generic::stream_protocol>;

}  // namespace howdah::ops
