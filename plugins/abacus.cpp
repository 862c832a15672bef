// A provider in C++, as a plug-in: it adds up the numbers of the last message. It never lets an
// exception pass into the library, which is C.
//
//     c++ -std=c++17 -shared -fPIC abacus.cpp $(pkg-config --cflags beluga-provider) -o abacus.so
//     beluga --plugin ./abacus.so -m abacus/beads "1 2 3.5"
#include <beluga/provider/provider.h>

#include <exception>
#include <sstream>
#include <string>

namespace
{

std::string add_up(const std::string &text)
{
    std::istringstream in(text);
    std::ostringstream out;
    double sum = 0;
    for (std::string word; in >> word;) sum += std::stod(word);
    out << sum;
    return out.str();
}

int start(void *, const beluga_call *call, beluga_emit *emit, beluga_error *err)
try {
    size_t length = 0;
    const auto *last = beluga_call_message(call, beluga_call_message_count(call) - 1);
    const char *text = beluga_message_text(last, &length);
    const std::string sum = add_up(std::string(text, length));
    int status = beluga_emit_text(emit, sum.data(), sum.size());
    return status ? status : beluga_emit_finish(emit, BELUGA_FINISH_STOP, nullptr);
} catch (const std::exception &) {
    beluga_error_set(err, BELUGA_ERROR_INVALID_INPUT, "abacus takes numbers between spaces");
    beluga_error_set_provider_code(err, "abacus_not_a_number", sizeof "abacus_not_a_number" - 1);
    return BELUGA_ERROR_INVALID_INPUT;
}

void cancel(void *, beluga_emit *) {}

beluga_provider make_table()
{
    beluga_provider table{};
    table.size = sizeof table;
    table.abi = BELUGA_PROVIDER_ABI;
    table.name = "abacus";
    table.default_model = "beads";
    table.capabilities = BELUGA_CAPABILITY_LOCAL;
    table.start = start;
    table.cancel = cancel;
    return table;
}

const beluga_provider table = make_table();

} // namespace

BELUGA_REGISTER_PROVIDER(abacus_provider, table)
