#include "base/crc32c.h"

#include "tests/lib/unit.h"

#include <stdint.h>
#include <string.h>

START_TEST(known_answers_of_the_standard)
{
    uint8_t bytes[32] = {0};
    ck_assert_uint_eq(crc32c(0, bytes, 32), 0x8a9136aaU);
    memset(bytes, 0xff, 32);
    ck_assert_uint_eq(crc32c(0, bytes, 32), 0x62a8ab43U);
    for (uint8_t i = 0; i < 32; i++)
        bytes[i] = i;
    ck_assert_uint_eq(crc32c(0, bytes, 32), 0x46dd794eU);
    ck_assert_uint_eq(crc32c(0, "123456789", 9), 0xe3069283U);
}
END_TEST

START_TEST(instruction_and_table_agree_at_every_cut)
{
    uint8_t bytes[100];
    for (uint8_t i = 0; i < 100; i++)
        bytes[i] = (uint8_t)(i * 37U);
    uint32_t whole = crc32c_table(0, bytes, 100);
    for (size_t cut = 0; cut <= 100; cut++) {
        ck_assert_uint_eq(crc32c(crc32c(0, bytes, cut), bytes + cut, 100 - cut), whole);
        ck_assert_uint_eq(crc32c(0, bytes, cut), crc32c_table(0, bytes, cut));
    }
}
END_TEST

UNIT_SUITE("crc32c", known_answers_of_the_standard, instruction_and_table_agree_at_every_cut)
