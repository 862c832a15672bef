#include "model/proof.h"

void beluga__proof_note(beluga__proof *proof, unsigned brought)
{
    bool reason = brought & BELUGA__BROUGHT_REASON;
    if (!(brought & BELUGA__BROUGHT_CONTENT)) {
        if (reason) proof->state = BELUGA__PROOF_ALONE;
        return;
    }
    if (proof->came_with_content) proof->in_every_chunk = true;
    if (reason) {
        proof->came_with_content = true;
        proof->state = BELUGA__PROOF_WITH;
    }
    if (!reason && proof->state != BELUGA__PROOF_NONE) proof->state = BELUGA__PROOF_OVERTAKEN;
}

bool beluga__proof_holds(const beluga__proof *proof, beluga__body_end end)
{
    if (proof->state == BELUGA__PROOF_NONE) return false;
    if (end == BELUGA__BODY_MARKED || end == BELUGA__BODY_FRAMED) return true;
    if (proof->in_every_chunk || proof->state == BELUGA__PROOF_OVERTAKEN) return false;
    return end == BELUGA__BODY_CLOSED || proof->state == BELUGA__PROOF_ALONE;
}
